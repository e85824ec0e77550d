// What tests see of nginxConfig.mjs.

interface Places {
  readonly folder: string
  readonly port: number
  readonly nodePorts: readonly number[]
}

export declare function nginxConfig(places: Places): string
