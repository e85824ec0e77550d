import { admissionContract, admissionOf } from './admissionContract.js'

admissionContract('one node', async (caps) => {
  const { admission } = admissionOf(caps)
  return [admission, admission]
})
