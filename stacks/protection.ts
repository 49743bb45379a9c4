/** Second belt beside Pulumi's own `protect`: the provider refuses the deletion too. */
export const prevent = (protect: boolean) => (protect ? {deletionPolicy: 'PREVENT'} : {})
