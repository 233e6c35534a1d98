"""The configuration that most tests of the operations are about."""

SHOP = """\
load_balancers:
  - name: shop
    dns: [shop.localhost]
    attributes: {idle_timeout.timeout_seconds: 30, routing.http2.enabled: false}
    listeners:
      - {protocol: HTTP, port: 80, redirect: {protocol: HTTPS, port: 443, status_code: HTTP_301}}
      - protocol: HTTPS
        port: 443
        certificates: [shop.localhost, api.localhost]
        forward: web
        rules:
          - {priority: 300, path: ["/img/*", "/css/*"], forward: images}
          - {priority: 20, header: {X-Canary: "1"}, forward: {web: 90, canary: 10}}
          - {priority: 30, host: old.localhost, redirect: {host: new.localhost, status_code: HTTP_302}}
          - {priority: 40, method: [PUT, DELETE], source_ip: 127.0.0.2/32, fixed_response: {status_code: 403}}
          - priority: 50
            conditions:
              - {field: path-pattern, regex_values: ["^/api/v[0-9]+/"]}
              - {field: query-string, values: [{key: version, value: beta}, {value: "*debug*"}]}
            transforms:
              - {type: host-header-rewrite, rewrites: [{regex: "^a", replace: "b"}]}
              - {type: url-rewrite, rewrites: [{regex: "^/api/(.*)$", replace: "/$1"}]}
            actions:
              - type: forward
                target_groups: [{target_group: web, weight: 2}, {target_group: canary, weight: 0}]
                target_group_stickiness_config: {enabled: true, duration_seconds: 3600}
          - {priority: 60, path: /hi, fixed_response: {status_code: 200, message_body: "<hi>", content_type: text/html}}
  - name: inner
    scheme: internal
    listeners:
      - {protocol: HTTP, port: 8080, forward: api}
target_groups:
  - name: web
    health_check: {path: /health, interval_seconds: 10, matcher: 200-299}
    targets: [{url: "http://127.0.0.1:9001"}, {url: "http://127.0.0.1:9002"}]
  - {name: canary, targets: [{url: "http://127.0.0.1:9003"}]}
  - name: images
    target_type: instance
    attributes: {stickiness.enabled: true}
    health_check: {port: 9100}
    targets: [{url: "http://127.0.0.1:9004", name: i-04}]
  - {name: api}
  - {name: spare}
"""
