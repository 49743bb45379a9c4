/** What every part of the foundation is made with: the provider, and the APIs that must be on first. */
export type Options = {
  provider: import('@pulumi/pulumi').ProviderResource
  dependsOn: import('@pulumi/pulumi').Resource[]
}
