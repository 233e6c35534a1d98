// npm install && npm test    (Node 20; `simlb` on the PATH)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import readline from 'node:readline';
import { after, test } from 'node:test';
import {
  CreateListenerCommand, CreateLoadBalancerCommand, CreateRuleCommand, CreateTargetGroupCommand,
  DeleteLoadBalancerCommand, DeleteTargetGroupCommand, DescribeLoadBalancersCommand, DescribeTagsCommand,
  ElasticLoadBalancingV2Client, LoadBalancerNotFoundException, RegisterTargetsCommand,
  waitUntilLoadBalancerAvailable, waitUntilLoadBalancersDeleted, waitUntilTargetInService,
} from '@aws-sdk/client-elastic-load-balancing-v2';

const target = http.createServer((request, response) => response.end(`target saw ${request.url}`));
await once(target.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${target.address().port}`;
const simlb = spawn('simlb', ['serve', '--ephemeral', '--json', '--manual-clock', url], { stdio: ['pipe', 'pipe', 'inherit'] });
const line = JSON.parse((await once(readline.createInterface(simlb.stdout), 'line'))[0]);
const aws = new ElasticLoadBalancingV2Client({
  endpoint: line.control.url, region: 'ap-northeast-2', credentials: { accessKeyId: 'simlb', secretAccessKey: 'simlb' } });
const advance = (seconds) => fetch(`${line.control.url}/api/v1/clock/advance`, {
  method: 'POST', body: JSON.stringify({ seconds }), headers: { Authorization: `Bearer ${line.control.token}` } });
after(() => [aws.destroy(), simlb.stdin.end(), target.close(), target.closeAllConnections()]);

test('a load balancer made by the SDK carries traffic, and goes', async () => {
  const [own] = (await aws.send(new DescribeLoadBalancersCommand({}))).LoadBalancers;
  const Subnets = own.AvailabilityZones.map((zone) => zone.SubnetId);
  const [balancer] = (await aws.send(new CreateLoadBalancerCommand({ Name: 'web', Subnets }))).LoadBalancers;
  const { LoadBalancerArn } = balancer;
  assert.equal(balancer.State.Code, 'provisioning');
  const [{ TargetGroupArn }] = (await aws.send(new CreateTargetGroupCommand({
    Name: 'app', Protocol: 'HTTP', Port: 80, TargetType: 'ip', VpcId: own.VpcId }))).TargetGroups;
  const Targets = [{ Id: '127.0.0.1', Port: target.address().port }];
  await aws.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
  const [{ ListenerArn }] = (await aws.send(new CreateListenerCommand({
    LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions: [{ Type: 'forward', TargetGroupArn }] }))).Listeners;
  const Conditions = [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/old/*'] } }];
  const Actions = [{ Type: 'redirect', RedirectConfig: { Path: '/new', StatusCode: 'HTTP_301' } }];
  await aws.send(new CreateRuleCommand({ ListenerArn, Priority: 10, Conditions, Actions }));

  await advance(120); // two minutes of AWS, milliseconds here
  const patience = { client: aws, maxWaitTime: 10, minDelay: 1, maxDelay: 1 };
  await waitUntilLoadBalancerAvailable(patience, { LoadBalancerArns: [LoadBalancerArn] });
  await waitUntilTargetInService(patience, { TargetGroupArn, Targets });

  const [{ Tags }] = (await aws.send(new DescribeTagsCommand({ ResourceArns: [ListenerArn] }))).TagDescriptions;
  const place = new URL(Tags.find((tag) => tag.Key === 'aws:simlb:url').Value);
  place.hostname = place.hostname.endsWith('localhost') ? '127.0.0.1' : place.hostname;
  assert.equal(await (await fetch(new URL('/hello', place))).text(), 'target saw /hello');
  const moved = await fetch(new URL('/old/page', place), { redirect: 'manual' });
  assert.deepEqual([moved.status, new URL(moved.headers.get('location')).pathname], [301, '/new']);

  await aws.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
  await aws.send(new DeleteTargetGroupCommand({ TargetGroupArn }));
  await waitUntilLoadBalancersDeleted(patience, { LoadBalancerArns: [LoadBalancerArn] });
  await assert.rejects(aws.send(new DescribeLoadBalancersCommand({ Names: ['web'] })), LoadBalancerNotFoundException);
});
