import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { boto3 } from '../../simlb/console/static/js/learn/boto3.js';
import { cli, kebab } from '../../simlb/console/static/js/learn/cli.js';

const typed = { name: 'web-tg', port: 80, path: '/health', region: 'us-east-1' };
const context = (fields = {}) => ({
    scope: {
        step: 1,
        field: (_, id) => ({ ...typed, ...fields })[id],
        saved: { GROUP: 'arn:1', SUBNETS: ['s-1', 's-2'], RECORD: { Name: 'x.test' } },
    },
    region: 'ap-northeast-2',
    lists: new Set(['SUBNETS']),
    objects: new Set(['RECORD']),
    curl: () => ['--connect-to', ':80:127.0.0.1:8080'],
});
const elbv2 = (operation, parameters, more = {}) => ({ service: 'elbv2', operation, parameters, ...more });

const rows = [
    [
        'nothing to say',
        { service: 'sts', operation: 'GetCallerIdentity' },
        'aws sts get-caller-identity',
        'sts.get_caller_identity()',
    ],
    [
        'what it saves',
        { service: 'sts', operation: 'GetCallerIdentity', save: { ACCOUNT: 'Account' } },
        "ACCOUNT=$(aws sts get-caller-identity \\\n  --query 'Account' \\\n  --output text)",
        'account = sts.get_caller_identity()["Account"]',
    ],
    [
        'variables',
        elbv2('CreateListener', { Port: '{port}', DefaultActions: [{ Type: 'forward', TargetGroupArn: '$GROUP' }] }),
        'aws elbv2 create-listener \\\n  --port 80 \\\n  --default-actions "Type=forward,TargetGroupArn=$GROUP"',
        'elbv2.create_listener(\n    Port=80,\n    DefaultActions=[\n        {\n            "Type": "forward",\n            "TargetGroupArn": group,\n        },\n    ],\n)',
    ],
    [
        'a saved list, and one of it',
        elbv2('SetSubnets', { Subnets: '$SUBNETS', One: '$SUBNETS[1]' }),
        'aws elbv2 set-subnets \\\n  --subnets "${SUBNETS[@]}" \\\n  --one "${SUBNETS[@]:1:1}"',
        'elbv2.set_subnets(Subnets=subnets, One=subnets[1])',
    ],
    [
        'a member of an object has no shell variable',
        elbv2('Do', { Name: '$RECORD.Name' }),
        'aws elbv2 do --name x.test',
        'elbv2.do(Name=record["Name"])',
    ],
    [
        'switches',
        elbv2('Do', { IsOn: true, IsOff: false }),
        'aws elbv2 do --is-on --no-is-off',
        'elbv2.do(IsOn=True, IsOff=False)',
    ],
    [
        'another region',
        elbv2('DescribeRules', {}, { region: '{region}' }),
        'aws elbv2 describe-rules --region us-east-1',
        'boto3.client("elbv2", region_name="us-east-1").describe_rules()',
    ],
    [
        'security group rules in short',
        {
            service: 'ec2',
            operation: 'AuthorizeSecurityGroupIngress',
            parameters: { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' },
        },
        'aws ec2 authorize-security-group-ingress \\\n  --protocol tcp \\\n  --port 80 \\\n  --cidr 0.0.0.0/0',
        'ec2.authorize_security_group_ingress(\n    IpProtocol="tcp",\n    FromPort=80,\n    ToPort=80,\n    CidrIp="0.0.0.0/0",\n)',
    ],
    [
        'a list that is made from another one',
        elbv2('RegisterTargets', { Targets: { each: '$SUBNETS', as: { Id: '{item}' } } }),
        'aws elbv2 register-targets \\\n  --targets Id=s-1 Id=s-2',
        'elbv2.register_targets(\n    Targets=[{"Id": item} for item in subnets],\n)',
    ],
    [
        'a list that is made from one that is not there yet',
        elbv2('Do', { Targets: { each: '$PROOFS', as: { Id: '{item.Name}' } } }),
        "aws elbv2 do --targets 'Id=<ITEM.Name>'",
        'elbv2.do(\n    Targets=[\n        {"Id": item["Name"]} for item in proofs\n    ],\n)',
    ],
    [
        'objects are shown, not kept',
        elbv2('DescribeX', {}, { save: { RECORD: 'Things[0].Record' } }),
        "aws elbv2 describe-x \\\n  --query 'Things[0].Record'",
        'record = elbv2.describe_x()["Things"][0]["Record"]',
    ],
    [
        'requests of the course',
        { service: 'client', operation: 'Request', parameters: { Url: 'http://{name}/', Count: 6 } },
        'for n in {1..6}; do\n  curl -i \\\n    --connect-to :80:127.0.0.1:8080 \\\n    http://web-tg/\ndone',
        'for _ in range(6):\n    subprocess.run([\n        "curl",\n        "-i",\n        "--connect-to",\n        ":80:127.0.0.1:8080",\n        "http://web-tg/",\n    ])',
    ],
];
for (const [what, call, command, program] of rows) {
    test(`as a command: ${what}`, () => assert.equal(cli(call, context()), command));
    test(`as Python: ${what}`, () => assert.equal(boto3(call, context()), program));
}

test('names as the AWS CLI has them', () => {
    assert.deepEqual(['DNSName', 'DescribeSSLPolicies', 'VpcId', 'HealthCheckPath'].map(kebab), [
        'dns-name',
        'describe-ssl-policies',
        'vpc-id',
        'health-check-path',
    ]);
});

const HOSTILE = [`'; rm -rf "$HOME" $(id) \`id\` \\ !x`, '</pre><script>', '한글 *', '$GROUP', '{"a":1}', '-x', ''];
for (const text of HOSTILE) {
    test(`what is typed stays what it is: ${JSON.stringify(text)}`, () => {
        const parameters = {
            Path: '{path}',
            Deep: { Inner: [{ Value: '{path}', Group: '$GROUP' }] },
            Url: 'http://$GROUP/{path}',
        };
        const command = cli(elbv2('Do', parameters), context({ path: text })).replace(/^aws/, 'show');
        const shown = execFileSync('bash', ['-c', `GROUP=arn:1; show() { printf '%s\\0' "$@"; }; ${command}`], {
            encoding: 'utf8',
        });
        const words = shown.split('\0');
        assert.equal(words[words.indexOf('--path') + 1], text);
        assert.equal(words[words.indexOf('--url') + 1], `http://arn:1/${text}`);
        assert.deepEqual(JSON.parse(words[words.indexOf('--deep') + 1]), { Inner: [{ Value: text, Group: 'arn:1' }] });
        const python = boto3(elbv2('Do', parameters), context({ path: text }));
        const program = `import json\nclass Client:\n    def do(self, **given): print(json.dumps(given))\nelbv2, group = Client(), "arn:1"\n${python}`;
        const given = JSON.parse(execFileSync('python3', ['-c', program], { encoding: 'utf8' }));
        assert.deepEqual(given, {
            Path: text,
            Deep: { Inner: [{ Value: text, Group: 'arn:1' }] },
            Url: `http://arn:1/${text}`,
        });
    });
}
