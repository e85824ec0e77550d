// The component as an app installs it. What it needs of the deployment's environment is named here,
// and handed over by reference: a component sees nothing else of it.

import { defineComponent } from 'convex/server'
import { v } from 'convex/values'

export default defineComponent('syncline', {
  env: {
    /** Where Syncline is: `https://sync.example.com`. */
    SYNCLINE_URL: v.string(),
    /** What this deployment says who it is with: a service's secret, or a service's token. */
    SYNCLINE_TOKEN: v.string(),
    SYNCLINE_TIMEOUT_MS: v.optional(v.string()),
    SYNCLINE_RETRY_MS: v.optional(v.string()),
    SYNCLINE_MAX_ATTEMPTS: v.optional(v.string()),
    SYNCLINE_MAX_AGE_MS: v.optional(v.string()),
  },
})
