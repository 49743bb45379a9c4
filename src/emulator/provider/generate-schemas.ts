/**
 * Writes schemas.generated.json: the inputs and outputs of every type in tokens.ts, read from the SDKs' declaration files, which the
 * real providers' schemas generate. Only syntax is read, no types are resolved, so it takes about two seconds.
 *
 * A type is a short text: `s` string, `n` number, `b` boolean, `*` anything, `a` asset, `"x"` that very string, `[T` list, `{T` map,
 * `@N` the object type N, `T|U` either. A property name that ends in `!` is required.
 */
import {readFileSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import ts from 'typescript'
import {GCP_TOKENS, KUBERNETES_TOKENS} from './tokens.ts'

export interface ResourceSchema {
  readonly inputs: Readonly<Record<string, string>>
  /** Outputs that always have a value: what was not given is computed. */
  readonly computed: readonly string[]
}

export interface PackageSchema {
  /** Of the npm package the schema was read from. */
  readonly version: string
  readonly config: Readonly<Record<string, string>>
  readonly resources: Readonly<Record<string, ResourceSchema>>
  readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const require = createRequire(import.meta.url)
const folderOf = (name: string) => dirname(require.resolve(`@pulumi/${name}/package.json`))
const parse = (file: string) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)

export function generateSchemas(): Record<'gcp' | 'kubernetes', PackageSchema> {
  return {gcp: packageSchema('gcp', GCP_TOKENS), kubernetes: packageSchema('kubernetes', KUBERNETES_TOKENS)}
}

function packageSchema(name: string, tokens: readonly string[]): PackageSchema {
  const folder = folderOf(name)
  const declared = objectTypes(parse(join(folder, 'types/input.d.ts')))
  const types: Record<string, Record<string, string>> = {}
  const wanted: string[] = []
  const text = (node: ts.TypeNode | undefined) => typeText(node, (type) => wanted.push(type))
  const properties = (members: Iterable<ts.TypeElement>) => {
    const entries = [...members].filter(ts.isPropertySignature).map((property) => {
      const required = property.questionToken === undefined
      return [`${nameOf(property)}${required ? '!' : ''}`, text(property.type)] as const
    })
    return Object.fromEntries(entries)
  }

  const resources = Object.fromEntries(
    tokens.map((token) => [token, resourceSchema(join(folder, fileOf(token)), token.split(':').at(-1)!, properties)]),
  )
  const config = properties(declarationsIn(parse(join(folder, 'provider.d.ts'))).interfaces.get('ProviderArgs')!)
  for (const type of wanted) {
    const members = declared.get(type)
    if (!members) throw new Error(`${name} declares no input type ${type}`)
    types[type] ??= properties(members)
  }
  const {version} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {version: string}
  return {version, config, resources, types: Object.fromEntries(Object.entries(types).sort())}
}

/** `gcp:container/nodePool:NodePool` → container/nodePool.d.ts, `kubernetes:networking.k8s.io/v1:NetworkPolicy` → networking/v1/networkPolicy.d.ts, `APIService` → apiservice.d.ts */
function fileOf(token: string): string {
  const [name, module, type] = token.split(':') as [string, string, string]
  // `iAMMember` lies in iammember.d.ts.
  if (name === 'gcp') return `${module.replace(/\/[a-z][A-Z]{2,}/, (acronym) => acronym.toLowerCase())}.d.ts`
  const [group, version] = module.split('/') as [string, string]
  return `${group.split('.')[0]}/${version}/${type.replace(/^[A-Z]+/, (capitals) => capitals.toLowerCase())}.d.ts`
}

function resourceSchema(
  file: string,
  type: string,
  properties: (members: Iterable<ts.TypeElement>) => Record<string, string>,
): ResourceSchema {
  const {classes, interfaces} = declarationsIn(parse(file))
  const outputs = [...classes.get(type)!].filter(ts.isPropertyDeclaration).filter((member) => {
    const isStatic = member.modifiers?.some(({kind}) => kind === ts.SyntaxKind.StaticKeyword)
    return !isStatic && member.type !== undefined && !mayBeUndefined(member.type)
  })
  return {inputs: properties(interfaces.get(`${type}Args`)!), computed: outputs.map(nameOf)}
}

function declarationsIn(source: ts.SourceFile) {
  const classes = new Map<string, ts.NodeArray<ts.ClassElement>>()
  const interfaces = new Map<string, ts.NodeArray<ts.TypeElement>>()
  for (const statement of source.statements) {
    if (ts.isClassDeclaration(statement)) classes.set(statement.name!.text, statement.members)
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement.members)
  }
  return {classes, interfaces}
}

/** Every interface by its dotted name inside the namespaces, e.g. `core.v1.PodSpec`. */
function objectTypes(node: ts.Node, prefix = '', found = new Map<string, ts.NodeArray<ts.TypeElement>>()) {
  ts.forEachChild(node, (child) => {
    if (ts.isInterfaceDeclaration(child)) found.set(prefix + child.name.text, child.members)
    else if (ts.isModuleDeclaration(child)) objectTypes(child.body!, `${prefix}${child.name.text}.`, found)
  })
  return found
}

function typeText(node: ts.TypeNode | undefined, refer: (type: string) => void): string {
  const text = (inner: ts.TypeNode | undefined) => typeText(inner, refer)
  if (node === undefined) return '*'
  if (ts.isParenthesizedTypeNode(node)) return text(node.type)
  if (ts.isArrayTypeNode(node)) return `[${text(node.elementType)}`
  if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return JSON.stringify(node.literal.text)
  if (ts.isUnionTypeNode(node)) {
    const all = new Set(node.types.filter((type) => !isUndefined(type)).map(text))
    return [...all].join('|')
  }
  if (ts.isTypeLiteralNode(node)) {
    const index = node.members.find(ts.isIndexSignatureDeclaration)
    return `{${text(index?.type)}`
  }
  if (ts.isTypeReferenceNode(node)) return referenceText(node, refer)
  const keyword = {
    [ts.SyntaxKind.StringKeyword]: 's',
    [ts.SyntaxKind.NumberKeyword]: 'n',
    [ts.SyntaxKind.BooleanKeyword]: 'b',
    [ts.SyntaxKind.AnyKeyword]: '*',
  }[node.kind as number]
  if (keyword === undefined) throw new Error(`a type this generator does not know: ${ts.SyntaxKind[node.kind]}`)
  return keyword
}

function referenceText(node: ts.TypeReferenceNode, refer: (type: string) => void): string {
  const name = dotted(node.typeName)
  if (name === 'pulumi.Input' || name === 'pulumi.Output') return typeText(node.typeArguments?.[0], refer)
  if (name.startsWith('pulumi.asset.')) return 'a'
  // Enumerations of the SDK are open: the API may know more values than the SDK.
  if (name.startsWith('enums.')) return 's'
  if (!name.startsWith('inputs.')) throw new Error(`a reference this generator does not know: ${name}`)
  const type = name.slice('inputs.'.length)
  refer(type)
  return `@${type}`
}

const isUndefined = (node: ts.TypeNode) => node.kind === ts.SyntaxKind.UndefinedKeyword

/** Whether `pulumi.Output<T>` has undefined in T. */
function mayBeUndefined(node: ts.TypeNode): boolean {
  if (!ts.isTypeReferenceNode(node)) return false
  const inner = node.typeArguments?.[0]
  return inner !== undefined && ts.isUnionTypeNode(inner) && inner.types.some(isUndefined)
}

const dotted = (name: ts.EntityName): string =>
  ts.isIdentifier(name) ? name.text : `${dotted(name.left)}.${name.right.text}`

function nameOf(member: ts.PropertySignature | ts.ClassElement): string {
  const {name} = member
  if (name && (ts.isIdentifier(name) || ts.isStringLiteral(name))) return name.text
  throw new Error('a property without a plain name')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('./schemas.generated.json', import.meta.url))
  writeFileSync(file, `${JSON.stringify(generateSchemas())}\n`)
}
