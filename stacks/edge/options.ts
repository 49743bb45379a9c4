export type Options = {provider: import('@pulumi/pulumi').ProviderResource}
export type Text = import('@pulumi/pulumi').Output<string>
