import { describe, expect, it } from '@jest/globals'
import { admissionOf, principalOf } from '../../contracts/places/admissionContract.js'

describe('an admission', () => {
  it('is none for who was revoked or a server that stops meanwhile, and takes no place', async () => {
    const { admission, gate, now } = admissionOf({ maxPerUser: 1, maxPerAddress: 1 })
    now.isCurrent = false
    const refused = (code: string) => expect.objectContaining({ code })
    await expect(admission.admit(principalOf('ann'), 'a')).rejects.toEqual(refused('unauthorized'))
    now.isCurrent = true
    gate.phase = 'draining'
    await expect(admission.admit(principalOf('ann'), 'a')).rejects.toEqual(refused('unavailable'))
    gate.phase = 'ready'
    await admission.admit(principalOf('ann'), 'a')
  })
})
