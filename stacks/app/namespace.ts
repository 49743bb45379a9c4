/**
 * Labels of every namespace of ours: what runs in it is held to the strictest of Kubernetes' standards.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export const NAMESPACE_LABELS = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
}
