export const cellName = (region: string) => `cell-${region}`
