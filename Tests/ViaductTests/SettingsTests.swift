import Foundation
import Gateway
import Testing

@testable import viaduct

@Suite struct SettingsTests {
    @Test(arguments: [
        ("", "f:1: is empty; write settings as `key: value` lines"),
        ("contact: a\nhttp:\n  port: eighty", "f:3: http.port: needs a whole number, such as 0"),
        (
            "contact: a\nhttp:\n  port: 70000",
            "f:3: http.port: is 70000; write a number from 0 to 65535"
        ),
        ("contact: a\nhttp: 8311", "f:2: http: needs `key: value` lines below it"),
        ("contact: a\nhtpp:\n  port: 1", "f:2: htpp: is no known key; did you mean `http`?"),
        (
            "contact: a\nlog:\n  requets: true",
            "f:3: log.requets: is no known key; did you mean `requests`?"
        ),
        ("contact: a\nlog:\n  requests: maybe", "f:3: log.requests: needs true or false"),
        ("http:\n  port: 1", "f:1: contact: is missing; write how people reach the operator"),
        ("contact: '  '", "f:1: contact: needs a text that is not blank"),
        (
            "contact: a\nhttp:\n  public_url: ftp://x",
            "f:3: http.public_url: needs an address such as https://reports.example, without ? and #"
        ),
        (
            "contact: a\nlimits:\n  head_time: 10",
            "f:3: limits.head_time: needs a time with its unit, such as 120s, 5m, 2h or 30d"
        ),
        (
            "contact: a\nlimits:\n  reports_of_key: 20 an hour",
            "f:3: limits.reports_of_key: needs a number and its time, such as 20/h, 600/m, 10/s or off"
        ),
        (
            "contact: a\nhttp:\n  trusted_proxies: 10.0.0.1/8, proxy.example",
            "f:3: http.trusted_proxies: needs networks or addresses such as 10.1.0.0/16, 2001:db8::1"
        ),
        (
            "contact: a\ncontact: b",
            "f:1: contact: stands twice; keep one of them"
        ),
    ])
    func `a wrong setting stops the start with file, line and key`(
        text: String, problem: String
    ) async throws {
        let space = try Workspace(["f": text, "jurisdictions/.keep": ""])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"))
        }
        let told = error?.description.replacing(space.path + "/", with: "")
        #expect(told == problem)
    }

    @Test func `all problems are told at once, in the order of their lines`() async throws {
        let space = try Workspace(["f": "log:\n  level: loud\nhttp:\n  port: x\ncontact: [a]"])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"))
        }
        #expect(error?.problems.map(\.line) == [2, 4, 5])
        #expect(error?.problems.map(\.key) == ["log.level", "http.port", "contact"])
    }

    @Test func `what breaks the YAML is told with its line`() async throws {
        let space = try Workspace(["f": "contact: a\nhttp:\n  port: \"1"])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"))
        }
        #expect(error?.problems.first?.line == 3 || error?.problems.first?.line == 4)
    }

    @Test func `the environment wins over the file, and defaults fill the rest`() async throws {
        let space = try Workspace([
            "f": "contact: a\nhttp:\n  port: 1000\n  host: 127.0.0.2",
            "jurisdictions/.keep": "",
        ])
        let settings = try await read(
            space.path("f"), ["VIADUCT_HTTP_PORT": "2000", "VIADUCT_LOG_REQUESTS": "false"])
        #expect(settings.http.port == 2000)
        #expect(settings.http.publicURL == "http://127.0.0.2:2000")
        #expect(settings.admin == AdminSettings())
        #expect(!settings.log.requests)
        #expect(settings.limits == LimitSettings())
        #expect(settings.database.url == nil)
        #expect(settings.data.directory == "/home/somebody/.local/share/viaduct")
    }

    @Test(arguments: [
        ("30d", Duration.seconds(30 * 86_400)), ("off", nil), ("'off'", nil),
    ])
    func `what ended is kept for a time, or for ever`(text: String, time: Duration?) async throws {
        let space = try Workspace([
            "f": "contact: a\ndata:\n  keep_deliveries: \(text)", "jurisdictions/.keep": "",
        ])
        #expect(try await read(space.path("f")).data.keepDeliveries == time)
        let other = try await read(space.path("f"), ["VIADUCT_DATA_KEEP_DELIVERIES": "1d"])
        #expect(other.data.keepDeliveries == .seconds(86_400))
    }

    @Test(arguments: [
        ("", Duration.seconds(730 * 86_400)), ("data: {keep_audit: 90d}", .seconds(90 * 86_400)),
        ("data: {keep_audit: off}", nil),
    ])
    func `the audit log is kept for two years, or as said`(
        line: String, time: Duration?
    ) async throws {
        let space = try Workspace(["f": "contact: a\n\(line)", "jurisdictions/.keep": ""])
        #expect(try await read(space.path("f")).data.keepAudit == time)
    }

    @Test func `the audit log is kept for 90 days at least`() async throws {
        let space = try Workspace([
            "f": "contact: a\ndata:\n  keep_audit: 30d", "jurisdictions/.keep": "",
        ])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"))
        }
        #expect(error?.problems.map(\.key) == ["data.keep_audit"])
    }

    @Test func `rates and proxies are read, and off is no rate`() async throws {
        let space = try Workspace([
            "f": """
            contact: a
            limits:
              reports_of_address: 60/h
              lists_of_key: off
            http:
              trusted_proxies: 10.0.0.0/8, 2001:db8::1
            """, "jurisdictions/.keep": "",
        ])
        let settings = try await read(
            space.path("f"),
            ["VIADUCT_LIMITS_WRONG_KEYS": "5/m", "VIADUCT_LIMITS_CONNECTIONS": "99"])
        #expect(settings.limits.rates[.reportsOfAddress] == Rate(60, in: .hour))
        #expect(settings.limits.rates[.listsOfKey] == nil)
        #expect(settings.limits.rates[.wrongKeys] == Rate(5, in: .minute))
        #expect(settings.limits.rates[.reportsOfKey] == Rate(3600, in: .hour))
        #expect(settings.limits.connections == 99)
        #expect(settings.http.trustedProxies == ["10.0.0.0/8", "2001:db8::1"])
    }

    @Test func `a wrong variable is told by its name`() async throws {
        let space = try Workspace(["f": "contact: a", "jurisdictions/.keep": ""])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"), ["VIADUCT_ADMIN_PORT": "x"])
        }
        #expect(
            error?.description
                == "environment: VIADUCT_ADMIN_PORT: needs a whole number, such as 0")
    }

    @Test func `a secret comes from a file that only its owner may read`() async throws {
        let space = try Workspace([
            "f": "contact: a\ndatabase:\n  url_file: secret", "jurisdictions/.keep": "",
            "secret": "postgres://u:canary@h/d\n",
        ])
        let secret = space.path("secret")
        chmod(secret, 0o644)
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"))
        }
        #expect(error?.problems.first?.key == "database.url_file")
        chmod(secret, 0o600)
        let settings = try await read(space.path("f"))
        #expect(settings.database.url?.value == "postgres://u:canary@h/d")
        #expect(!"\(settings)".contains("canary"))
        let other = try await read(space.path("f"), ["VIADUCT_DATABASE_URL": "postgres://other"])
        #expect(other.database.url?.value == "postgres://other")
    }

    @Test(arguments: ["postgresql://u:canary@[::1", "localhost canary"])
    func `what is no address of a database is told at once`(address: String) async throws {
        let space = try Workspace(["f": "contact: a", "jurisdictions/.keep": ""])
        let error = await #expect(throws: SettingsError.self) {
            try await read(space.path("f"), ["VIADUCT_DATABASE_URL": address])
        }
        #expect(error?.problems.map(\.key) == ["VIADUCT_DATABASE_URL"])
        #expect(error?.description.contains("canary") == false)
    }

    @Test func `the example is valid`() async throws {
        let settings = try await read(Examples.path + "/viaduct.yaml")
        #expect(settings.http.port == 8311)
        #expect(
            settings.catalogue.catalogue.jurisdictions.map(\.slug.rawValue)
                == ["mitrovica", "prishtina", "sofia"])
    }

    @Test(arguments: [
        ("120s", Duration.seconds(120)), ("5m", .seconds(300)), ("2h", .seconds(7200)),
        ("30d", .seconds(2_592_000)), ("off", .zero), ("5", nil), ("-1s", nil), ("1.5h", nil),
        ("99999999999999d", nil),
    ])
    func `a time has its unit`(text: String, duration: Duration?) {
        #expect(Duration(reading: text) == duration)
    }

    private func read(
        _ file: String, _ variables: [String: String] = [:]
    ) async throws -> Settings {
        try await Settings.read(
            file: file,
            in: Surroundings(
                variables: variables.merging(["HOME": "/home/somebody"]) { own, _ in own },
                isRoot: false, directory: "/"))
    }
}
