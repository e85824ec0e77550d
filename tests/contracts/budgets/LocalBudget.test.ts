import { LocalBudget } from '../../../server/security/LocalBudget.js'
import { budgetContract } from './budgetContract.js'

budgetContract('LocalBudget', (settings) => {
  let ms = 1_763_650_000_000
  return {
    budget: new LocalBudget({ name: 'publishing', wallNow: () => ms, ...settings }),
    passTime(by) {
      ms += by
    },
  }
})
