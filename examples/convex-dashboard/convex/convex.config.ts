// The app, and the component in it. The values come from the deployment's environment:
// `npx convex env set SYNCLINE_URL https://…`

import { defineApp } from 'convex/server'
import { v } from 'convex/values'
import syncline from 'syncline/convex/convex.config.js'

const app = defineApp({
  env: {
    SYNCLINE_URL: v.string(),
    SYNCLINE_TOKEN: v.string(),
  },
})
app.use(syncline, {
  env: { SYNCLINE_URL: app.env.SYNCLINE_URL, SYNCLINE_TOKEN: app.env.SYNCLINE_TOKEN },
})

export default app
