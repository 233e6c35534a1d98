import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_KEY, flat, request } from '../../simlb/console/static/js/aws-wire.js';

test('lists of elbv2', () => {
    const given = { Subnets: ['a', 'b'], Actions: [{ Type: 'forward', Order: 1 }], Skipped: undefined };
    assert.deepEqual(
        [...flat(given, false)],
        [
            ['Subnets.member.1', 'a'],
            ['Subnets.member.2', 'b'],
            ['Actions.member.1.Type', 'forward'],
            ['Actions.member.1.Order', '1'],
        ],
    );
});

test('lists of ec2, some under a name of its own', () => {
    const given = {
        Filters: [{ Name: 'vpc-id', Values: ['v'] }],
        IpPermissions: [{ FromPort: 80, UserIdGroupPairs: [{ GroupId: 'g' }] }],
    };
    assert.deepEqual(
        [...flat(given, true)],
        [
            ['Filter.1.Name', 'vpc-id'],
            ['Filter.1.Value.1', 'v'],
            ['IpPermissions.1.FromPort', '80'],
            ['IpPermissions.1.Groups.1.GroupId', 'g'],
        ],
    );
});

test('the scope says region and service', () => {
    const { headers, path, method, body } = request('elbv2', 'us-east-1', 'DescribeRules', { ListenerArn: 'a&b' });
    assert.match(headers.Authorization, /Credential=simlb\/20151201\/us-east-1\/elasticloadbalancing\/aws4_request/);
    assert.deepEqual([method, path], ['POST', '/']);
    assert.equal(body, 'Action=DescribeRules&Version=2015-12-01&ListenerArn=a%26b');
    assert.match(
        request('acm', 'x', 'ListCertificates', {}, PAGE_KEY).headers.Authorization,
        /Credential=simlb-page\//,
    );
    const acm = request('acm', 'eu-west-1', 'ListCertificates', {});
    assert.equal(acm.headers['X-Amz-Target'], 'CertificateManager.ListCertificates');
    assert.match(acm.headers.Authorization, /\/eu-west-1\/acm\//);
});

test('Route 53 is paths and XML', () => {
    const record = { Name: 'a<b', Type: 'A', TTL: 300, ResourceRecords: [{ Value: '1' }, { Value: '2' }] };
    const parameters = {
        HostedZoneId: '/hostedzone/Z 1',
        ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: record }] },
    };
    const { method, path, body } = request('route53', 'x', 'ChangeResourceRecordSets', parameters);
    assert.deepEqual([method, path], ['POST', '/2013-04-01/hostedzone/Z%201/rrset']);
    assert.match(
        body,
        /<ChangeBatch><Changes><Change><Action>CREATE<\/Action><ResourceRecordSet><Name>a&#60;b<\/Name><Type>A<\/Type><TTL>300<\/TTL><ResourceRecords><ResourceRecord><Value>1<\/Value><\/ResourceRecord><ResourceRecord>/,
    );
    assert.throws(() => request('route53', 'x', 'DeleteEverything', {}), /DeleteEverything/);
});
