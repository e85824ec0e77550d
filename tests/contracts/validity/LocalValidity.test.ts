import { LocalValidity } from '../../../server/security/LocalValidity.js'
import { validityContract } from './validityContract.js'

validityContract('LocalValidity', async (maxRevocations) => {
  const validity = new LocalValidity({ wallNow: Date.now, rememberMs: 86_400_000, maxRevocations })
  return { here: validity, there: validity }
})
