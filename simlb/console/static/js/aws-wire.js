/**
 * AWS's protocols, without sending anything: parameters as boto3 names them become a request's body, XML becomes objects.
 *
 * - elbv2, sts: Query. Lists are `Subnets.member.1`.
 * - ec2: its own kind of Query. Lists are `SubnetId.1`, some under another name.
 * - acm: JSON 1.1, the operation is in `X-Amz-Target`.
 * - route53: REST and XML, the operation is method and path.
 */

/** The key of calls that the page makes to know what there is: they are told to nobody as events. */
export const PAGE_KEY = 'simlb-page';

/** @typedef {'elbv2' | 'ec2' | 'sts' | 'acm' | 'route53'} Service */
/** @typedef {Record<string, any>} Parameters parameters by the names that boto3 has for them */
/** @typedef {{method: string, path: string, headers: Record<string, string>, body: string | null}} AwsRequest */

const QUERY_SERVICES = {
    elbv2: { scope: 'elasticloadbalancing', version: '2015-12-01' },
    ec2: { scope: 'ec2', version: '2016-11-15' },
    sts: { scope: 'sts', version: '2011-06-15' },
};

/** What EC2 calls these on the wire. @type {Record<string, string>} */
const EC2_NAMES = {
    Filters: 'Filter',
    Values: 'Value',
    VpcIds: 'VpcId',
    SubnetIds: 'SubnetId',
    GroupIds: 'GroupId',
    GroupNames: 'GroupName',
    InstanceIds: 'InstanceId',
    ZoneNames: 'ZoneName',
    SecurityGroupRuleIds: 'SecurityGroupRuleId',
    UserIdGroupPairs: 'Groups',
    TagSpecifications: 'TagSpecification',
    Tags: 'Tag',
};

/** Of one operation only. @type {Record<string, string>} */
const EC2_RENAMED = { 'CreateSecurityGroup.Description': 'GroupDescription' };

const ROUTE53 = '/2013-04-01';
const ROUTE53_NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';

/** What each list of Route 53 has in it. @type {Record<string, string>} */
const ROUTE53_ITEMS = { Changes: 'Change', ResourceRecords: 'ResourceRecord' };

/** Lists of answers, by element: under which name boto3 has them, also when they are empty. @type {Record<string, string>} */
const LISTS = {
    ...Object.fromEntries(
        [
            'LoadBalancers',
            'TargetGroups',
            'Listeners',
            'Rules',
            'TargetHealthDescriptions',
            'Attributes',
            'Certificates',
            'SecurityGroups',
            'AvailabilityZones',
            'LoadBalancerArns',
            'DefaultActions',
            'Actions',
            'Conditions',
            'TagDescriptions',
            'Tags',
            'SslPolicies',
            'HostedZones',
            'ResourceRecordSets',
            'ResourceRecords',
            'NameServers',
            'Messages',
        ].map((name) => [name, name]),
    ),
    vpcSet: 'Vpcs',
    subnetSet: 'Subnets',
    securityGroupInfo: 'SecurityGroups',
    securityGroupRuleSet: 'SecurityGroupRules',
    groupSet: 'Groups',
    ipPermissions: 'IpPermissions',
    ipPermissionsEgress: 'IpPermissionsEgress',
    ipRanges: 'IpRanges',
    groups: 'UserIdGroupPairs',
    reservationSet: 'Reservations',
    instancesSet: 'Instances',
    tagSet: 'Tags',
    availabilityZoneInfo: 'AvailabilityZones',
};

/**
 * The request of a call.
 * @param {Service} service
 * @param {string} region
 * @param {string} operation `CreateListener`
 * @param {Parameters} parameters
 * @param {string} [key] any will do; `PAGE_KEY` for what the page asks for itself
 * @returns {AwsRequest}
 */
export function request(service, region, operation, parameters, key = 'simlb') {
    if (service === 'acm') {
        return {
            method: 'POST',
            path: '/',
            headers: {
                Authorization: authorization('acm', region, key),
                'Content-Type': 'application/x-amz-json-1.1',
                'X-Amz-Target': `CertificateManager.${operation}`,
            },
            body: JSON.stringify(parameters),
        };
    }
    if (service === 'route53') return route53Request(operation, parameters, key);
    const { scope, version } = QUERY_SERVICES[service];
    const form = new URLSearchParams({ Action: operation, Version: version });
    for (const [name, value] of flat(parameters, service === 'ec2')) {
        form.append(EC2_RENAMED[`${operation}.${name}`] ?? name, value);
    }
    return {
        method: 'POST',
        path: '/',
        headers: {
            Authorization: authorization(scope, region, key),
            'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
        },
        body: form.toString(),
    };
}

/**
 * A header of the form that AWS's clients send. Nothing is signed: simlb reads region and service from it, no more.
 * @param {string} scope
 * @param {string} region
 * @param {string} key
 */
function authorization(scope, region, key) {
    return `AWS4-HMAC-SHA256 Credential=${key}/20151201/${region}/${scope}/aws4_request, SignedHeaders=host, Signature=0`;
}

/**
 * @param {any} value
 * @param {boolean} isEc2
 * @param {string} prefix
 * @returns {Generator<[string, string]>}
 */
export function* flat(value, isEc2, prefix = '') {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
        const start = isEc2 ? prefix : `${prefix}.member`;
        for (const [index, inner] of value.entries()) yield* flat(inner, isEc2, `${start}.${index + 1}`);
    } else if (typeof value === 'object') {
        for (const [name, inner] of Object.entries(value)) {
            const wire = (isEc2 && Array.isArray(inner) && EC2_NAMES[name]) || name;
            yield* flat(inner, isEc2, prefix ? `${prefix}.${wire}` : wire);
        }
    } else {
        yield [prefix, String(value)];
    }
}

/**
 * @param {string} operation
 * @param {Parameters} parameters
 * @param {string} key
 * @returns {AwsRequest}
 */
function route53Request(operation, parameters, key) {
    const id = encodeURIComponent(
        String(parameters.Id ?? parameters.HostedZoneId ?? '').replace(/^\/hostedzone\//, ''),
    );
    const headers = { Authorization: authorization('route53', 'us-east-1', key), 'Content-Type': 'application/xml' };
    /** @param {string} method @param {string} path @param {string | null} body @returns {AwsRequest} */
    const made = (method, path, body = null) => ({ method, path: ROUTE53 + path, headers, body });
    const { Id, HostedZoneId, ...rest } = parameters;
    switch (operation) {
        case 'CreateHostedZone':
            return made('POST', '/hostedzone', xml(`${operation}Request`, rest));
        case 'DeleteHostedZone':
            return made('DELETE', `/hostedzone/${id}`);
        case 'GetHostedZone':
            return made('GET', `/hostedzone/${id}`);
        case 'ListHostedZones':
            return made('GET', '/hostedzone');
        case 'ListHostedZonesByName':
            return made('GET', `/hostedzonesbyname?dnsname=${encodeURIComponent(parameters.DNSName ?? '')}`);
        case 'ChangeResourceRecordSets':
            return made('POST', `/hostedzone/${id}/rrset`, xml(`${operation}Request`, rest));
        case 'ListResourceRecordSets':
            return made('GET', `/hostedzone/${id}/rrset`);
        default:
            throw new Error(`Route 53's ${operation} is not known here`);
    }
}

/** @param {string} tag @param {Parameters} content */
function xml(tag, content) {
    return `<${tag} xmlns="${ROUTE53_NAMESPACE}">${inner(content, '')}</${tag}>`;
}

/** @param {any} value @param {string} name @returns {string} */
function inner(value, name) {
    if (Array.isArray(value)) return value.map((each) => element(ROUTE53_ITEMS[name] ?? 'member', each)).join('');
    if (typeof value === 'object' && value !== null) {
        return Object.entries(value)
            .map(([key, each]) => (each === undefined || each === null ? '' : element(key, each)))
            .join('');
    }
    return escape(String(value));
}

/** @param {string} tag @param {any} value */
function element(tag, value) {
    return `<${tag}>${inner(value, tag)}</${tag}>`;
}

/** @param {string} text */
function escape(text) {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * What an element of an answer says: a text, an array or an object, with boto3's names. Values stay texts.
 * @param {Element} node
 * @returns {any}
 */
export function read(node) {
    const children = [...node.children];
    if (node.localName in LISTS || (children.length > 0 && children.every(isItem))) return children.map(read);
    if (children.length === 0) return node.textContent ?? '';
    /** @type {Record<string, any>} */
    const found = {};
    for (const child of children) found[LISTS[child.localName] ?? upper(child.localName)] = read(child);
    return found;
}

/** @param {Element} node */
function isItem(node) {
    return node.localName === 'member' || node.localName === 'item';
}

/** EC2's names begin with a small letter, boto3's never do. @param {string} name */
function upper(name) {
    return name.charAt(0).toUpperCase() + name.slice(1);
}
