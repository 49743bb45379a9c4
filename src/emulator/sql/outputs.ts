/** What is shown of an instance: to users of the API, and in the state of Pulumi's provider. Pure. */
import {createHash} from 'node:crypto'
import type {Props} from '../contract.ts'
import {
  connectionNameOf,
  INT64,
  type InstanceResource,
  isReplica,
  masterOf,
  PULUMI_NAME,
  type Settings,
  type Stored,
} from './resource.ts'

const digest = (text: string, length: number) =>
  BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .slice(0, length)

/** The resource with everything Google computes. */
export function viewOf({resource}: Stored): InstanceResource {
  const {project, name, region, settings} = resource
  const address = (type: string) => ({type, ipAddress: '127.0.0.1'})
  const {privateNetwork, ipv4Enabled} = settings.ipConfiguration ?? {}
  const plus = settings.edition === 'ENTERPRISE_PLUS' && privateNetwork !== undefined
  return {
    kind: 'sql#instance',
    backendType: 'SECOND_GEN',
    ...resource,
    connectionName: connectionNameOf(resource),
    selfLink: `https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/instances/${name}`,
    serviceAccountEmailAddress: `p${digest(project, 12)}-${digest(`${project}:${name}`, 6)}@gcp-sa-cloud-sql.iam.gserviceaccount.com`,
    dnsName: `${digest(`${project}:${name}`, 12)}.${digest(project, 13)}.${region}.sql.goog.`,
    ipAddresses: [...(ipv4Enabled ? [address('PRIMARY')] : []), ...(privateNetwork ? [address('PRIVATE')] : [])],
    sqlNetworkArchitecture: 'NEW_NETWORK_ARCHITECTURE',
    ...(plus && !isReplica(resource)
      ? {
          writeEndpoint: writeEndpointOf(resource),
          replicationCluster: {...resource.replicationCluster, psaWriteEndpoint: writeEndpointOf(resource)},
        }
      : {}),
  }
}

/** https://cloud.google.com/sql/docs/postgres/connect-to-instance-using-write-endpoint */
function writeEndpointOf({project, name}: InstanceResource): string {
  return `${digest(`write:${project}:${name}`, 12)}.${digest(project, 13)}.global.sql-psa.goog.`
}

/** As the provider reads the resource into its state. */
export function outputsOf(stored: Stored): Props {
  const view = viewOf(stored)
  const addresses = view.ipAddresses as readonly {type: string; ipAddress: string}[]
  const ofType = (type: string) => addresses.find((address) => address.type === type)?.ipAddress ?? ''
  const {failoverDrReplicaName = '', drReplica = false, psaWriteEndpoint = ''} = view.replicationCluster ?? {}
  return {
    availableMaintenanceVersions: [],
    deletionPolicy: 'DELETE',
    deletionProtection: true,
    encryptionKeyName: '',
    enforceNewSqlNetworkArchitecture: true,
    maintenanceVersion: `${view.databaseVersion}.R20260101.00_00`,
    nodeCount: 0,
    ...stored.local,
    name: view.name,
    project: view.project,
    region: view.region,
    databaseVersion: view.databaseVersion,
    instanceType: view.instanceType,
    masterInstanceName: masterOf(view) ?? '',
    replicaNames: view.replicaNames ?? [],
    replicationCluster: {failoverDrReplicaName, drReplica, psaWriteEndpoint},
    connectionName: view.connectionName,
    selfLink: view.selfLink,
    dnsName: view.dnsName,
    dnsNames: [],
    pscServiceAttachmentLink: '',
    serviceAccountEmailAddress: view.serviceAccountEmailAddress,
    serverCaCerts: [],
    ipAddresses: addresses.map(({ipAddress, type}) => ({ipAddress, type, timeToRetire: ''})),
    firstIpAddress: addresses[0]?.ipAddress ?? '',
    publicIpAddress: ofType('PRIMARY'),
    privateIpAddress: ofType('PRIVATE'),
    settings: settingsToOutputs(view.settings),
  }
}

function settingsToOutputs(settings: Settings): Props {
  const {kind: _, replicationType: __, ...rest} = settings
  const entries = Object.entries(rest).map(([key, value]) => [
    PULUMI_NAME.get(key) ?? key,
    INT64.has(key) ? Number(value) : value,
  ])
  return {...Object.fromEntries(entries), effectiveAvailabilityType: settings.availabilityType}
}
