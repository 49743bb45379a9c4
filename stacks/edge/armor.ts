import {gcp} from '../pulumi.ts'
import type {EdgeInput} from './index.ts'
import type {Options, Text} from './options.ts'

/** Source of the rules: https://cloud.google.com/armor/docs/waf-rules and …/rate-limiting-overview */
export function securityPolicy(input: EdgeInput, opts: Options): Text | undefined {
  const {rateLimitPerMinute, waf} = input.edge
  if (rateLimitPerMinute === undefined && !waf) return undefined
  const everyone = {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}}
  const signatures = ['sqli-v33-stable', 'xss-v33-stable', 'lfi-v33-stable', 'rce-v33-stable']
  const policy = new (gcp('compute').SecurityPolicy)(
    'armor',
    {
      project: input.project,
      name: `${input.prefix}-edge`,
      type: 'CLOUD_ARMOR',
      ...(input.adaptive && {
        adaptiveProtectionConfig: {layer7DdosDefenseConfig: {enable: true, ruleVisibility: 'STANDARD'}},
      }),
      rules: [
        ...(waf
          ? signatures.map((signature, index) => ({
              // In preview first: a false positive is a failed booking. Watch the logs, then enforce.
              action: 'deny(403)',
              preview: true,
              priority: 1000 + index,
              match: {expr: {expression: `evaluatePreconfiguredWaf('${signature}', {'sensitivity': 1})`}},
            }))
          : []),
        ...(rateLimitPerMinute === undefined
          ? []
          : [
              {
                action: 'throttle',
                priority: 2000,
                match: everyone,
                rateLimitOptions: {
                  conformAction: 'allow',
                  exceedAction: 'deny(429)',
                  enforceOnKey: 'IP',
                  rateLimitThreshold: {count: rateLimitPerMinute, intervalSec: 60},
                },
              },
            ]),
        {action: 'allow', priority: 2147483647, match: everyone},
      ],
    },
    opts,
  )
  return policy.selfLink
}
