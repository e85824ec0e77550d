// `syncline/convex`: for the functions of an app on Convex.

export { type DeadLetter, type MessageToPublish, type OutboxStatus, Syncline } from './Syncline.js'
export { type RealtimeSyncOptions, withRealtimeSync } from './withRealtimeSync.js'
