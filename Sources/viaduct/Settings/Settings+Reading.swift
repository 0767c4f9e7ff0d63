import Configuration
import Federation
import Foundation
import Gateway
import Postgres

/// The environment: variables, who runs us, where, and for what.
package struct Surroundings: Sendable {
    package var variables: [String: String]
    package var isRoot: Bool
    package var directory: String
    package var purpose = Purpose.command

    /// What we were called for.
    package enum Purpose: Sendable {
        /// One answer to whoever typed it, who need not be the user who runs Viaduct.
        case command
        /// To serve: we are the user who runs Viaduct.
        case serving
    }

    /// Those of this process.
    package static var current: Surroundings {
        Surroundings(
            variables: ProcessInfo.processInfo.environment, isRoot: geteuid() == 0,
            directory: FileManager.default.currentDirectoryPath)
    }

    /// The settings file meant when none is named.
    package var settingsFile: String? {
        if let named = variables["VIADUCT_SETTINGS"], !named.isEmpty { return named }
        return ["viaduct.yaml", "/etc/viaduct/viaduct.yaml"]
            .first { FileManager.default.fileExists(atPath: path($0, from: directory)) }
    }

    /// Where data lives unless it is set.
    var dataDirectory: String {
        if isRoot { return "/var/lib/viaduct" }
        if let data = variables["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/viaduct" }
        return (variables["HOME"] ?? directory) + "/.local/share/viaduct"
    }

    /// A path as seen from a directory.
    func path(_ path: String, from base: String) -> String {
        path.hasPrefix("/") ? path : base + "/" + path
    }
}

extension Settings {
    /// Reads a settings file, the environment over it, and the jurisdictions' files.
    ///
    /// Throws every problem of all of them at once.
    package static func read(
        file: String, in surroundings: Surroundings
    ) async throws(SettingsError) -> Settings {
        var problems = check(file: file, in: surroundings)
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        let reader: ConfigReader
        do {
            reader = try await configuration(file: file, in: surroundings)
        } catch {
            throw SettingsError(problems: [
                Problem(file: file, line: nil, key: "", text: "cannot be read: \(error)")
            ])
        }
        var settings = build(from: reader, file: file, in: surroundings)
        settings.purpose = surroundings.purpose
        settings.database.url = secret(
            "database.url", reader, file: file, in: surroundings, &problems)
        problems += settings.addressProblems(in: surroundings)
        settings.media.accessKey = secret(
            "media.access_key", reader, file: file, in: surroundings, &problems)
        settings.media.secretKey = secret(
            "media.secret_key", reader, file: file, in: surroundings, &problems)
        problems += settings.http.checkCertificate(in: file, reader)
        settings.privacy.keys = keys(reader, file: file, in: surroundings)
        problems += settings.keyProblems
        let (catalogue, found) = JurisdictionDirectory.read(settings.jurisdictionDirectory)
        problems += found
        settings.catalogue = catalogue
        // Whatever a peer's file says of a service is judged by the services there are.
        if found.isEmpty {
            problems += settings.readPeers(node: reader.string(forKey: "node"))
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        return settings
    }

    /// Reads the peers' files; who has peers needs a name of his own.
    private mutating func readPeers(node name: String?) -> [Problem] {
        let node = name.flatMap(Authority.init)
        guard let peerDirectory else {
            peers = PeerDirectory(node: node ?? .viaduct)
            return []
        }
        guard let node else {
            let text = "is missing; peers know us by one name, such as our public domain"
            return [Problem(file: file, line: nil, key: "node", text: text)]
        }
        let (read, problems) = PeerDirectory.read(
            peerDirectory, node: node, catalogue: catalogue.catalogue)
        peers = read
        return problems
    }

    /// Everything wrong with the file and the variables, with the lines that YAML providers lose.
    private static func check(file: String, in surroundings: Surroundings) -> [Problem] {
        var findings = Findings(file: file)
        guard let bytes = FileManager.default.contents(atPath: file) else {
            findings.add(
                "cannot be read; name another one with --settings, or copy the example",
                line: nil, key: "")
            return findings.problems
        }
        if let root = Entry.root(of: String(decoding: bytes, as: UTF8.self), &findings) {
            checkKeys(root, &findings)
        }
        return findings.problems + checkVariables(surroundings)
    }

    private static func checkKeys(_ root: Entry, _ findings: inout Findings) {
        guard var mapping = root.keys(&findings) else { return }
        _ = mapping.required("contact", "how people reach the operator", &findings)
        var seen: Set<String> = []
        var sections: [String: Keys] = [:]
        for key in SettingKey.all {
            let parts = key.path.split(separator: ".").map(String.init)
            guard parts.count == 2 else {
                if let entry = mapping.optional(key.path) { key.check(entry, &findings) }
                continue
            }
            if seen.insert(parts[0]).inserted {
                sections[parts[0]] = mapping.optional(parts[0])?.keys(&findings)
            }
            if let entry = sections[parts[0]]?.optional(parts[1]) { key.check(entry, &findings) }
            if case .secret = key.kind, let entry = sections[parts[0]]?.optional(parts[1] + "_file")
            {
                _ = entry.text(&findings)
            }
        }
        for section in sections.values.sorted(by: { ($0.entry.line ?? 0) < ($1.entry.line ?? 0) }) {
            section.finish(&findings)
        }
        mapping.finish(&findings)
    }

    private static func checkVariables(_ surroundings: Surroundings) -> [Problem] {
        var findings = Findings(file: "environment")
        for key in SettingKey.all {
            guard let value = surroundings.variables[key.variable] else { continue }
            key.check(Entry(variable: key.variable, value: value), &findings)
        }
        return findings.problems
    }

    /// The environment over the file.
    private static func configuration(
        file: String, in surroundings: Surroundings
    ) async throws -> ConfigReader {
        ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: surroundings.variables)
                .prefixKeys(with: "viaduct"),
            try await FileProvider<YAMLSnapshot>(filePath: .init(file)),
        ])
    }

    private static func build(
        from reader: ConfigReader, file: String, in surroundings: Surroundings
    ) -> Settings {
        let base = Self.directory(of: file, in: surroundings)
        let beside = (file as NSString).deletingLastPathComponent
        let contact = reader.string(forKey: "contact", default: "")
        var http = HTTPSettings()
        http.host = reader.string(forKey: "http.host", default: http.host)
        http.port = reader.int(forKey: "http.port", default: http.port)
        if let chain = reader.string(forKey: "http.certificate"),
            let key = reader.string(forKey: "http.certificate_key")
        {
            http.certificate = ServerCertificate.Files(
                chain: surroundings.path(chain, from: base),
                key: surroundings.path(key, from: base))
        }
        let local = http.host.contains(":") ? "[\(http.host)]" : http.host
        let shown = ["0.0.0.0", "[::]"].contains(local) ? "127.0.0.1" : local
        http.publicURL = reader.string(
            forKey: "http.public_url",
            default: "\(http.certificate == nil ? "http" : "https")://\(shown):\(http.port)")
        while http.publicURL.hasSuffix("/") { http.publicURL.removeLast() }
        http.trustedProxies = reader.string(forKey: "http.trusted_proxies", default: "").listed
        http.jsonp = reader.bool(forKey: "http.jsonp", default: false)
        http.strictErrorCodes = reader.bool(forKey: "http.strict_error_codes", default: false)
        var admin = AdminSettings()
        admin.host = reader.string(forKey: "admin.host", default: admin.host)
        admin.port = reader.int(forKey: "admin.port", default: admin.port)
        var database = DatabaseSettings()
        database.connections = reader.int(
            forKey: "database.connections", default: database.connections)
        if let text = reader.string(forKey: "database.patience") {
            database.patience = Duration(reading: text).flatMap { $0 == .zero ? nil : $0 }
        }
        database.transactions = reader.int(
            forKey: "database.transactions", default: database.transactions)
        var log = LogSettings()
        log.level = reader.string(forKey: "log.level", default: log.level)
        log.requests = reader.bool(forKey: "log.requests", default: log.requests)
        let directory = reader.string(
            forKey: "data.directory", default: surroundings.dataDirectory)
        var data = DataSettings(directory: surroundings.path(directory, from: base))
        if let text = reader.string(forKey: "data.keep_deliveries") {
            data.keepDeliveries = Duration(reading: text).flatMap { $0 == .zero ? nil : $0 }
        }
        if let text = reader.string(forKey: "data.keep_audit") {
            data.keepAudit = Duration(reading: text).flatMap { $0 == .zero ? nil : $0 }
        }
        let jurisdictions = reader.string(forKey: "jurisdictions", default: "jurisdictions")
        return Settings(
            contact: contact,
            keyService: reader.string(forKey: "key_service", default: "Ask for a key: \(contact)"),
            http: http, admin: admin, database: database,
            data: data, privacy: PrivacySettings(), media: media(from: reader),
            outbound: outbound(from: reader), log: log,
            limits: limits(from: reader),
            // As it was named, so that problems are told with the paths that the operator knows.
            jurisdictionDirectory: beside.isEmpty
                ? jurisdictions : surroundings.path(jurisdictions, from: beside),
            catalogue: JurisdictionDirectory(),
            peerDirectory: reader.string(forKey: "peers").map { name in
                beside.isEmpty ? name : surroundings.path(name, from: beside)
            },
            peers: PeerDirectory(node: .viaduct), file: file)
    }

    private static func media(from reader: ConfigReader) -> MediaSettings {
        var media = MediaSettings()
        media.fetch = reader.bool(forKey: "media.fetch", default: media.fetch)
        media.sweepAge =
            reader.string(forKey: "media.sweep_age").flatMap(Duration.init(reading:))
            ?? media.sweepAge
        media.bucket = reader.string(forKey: "media.bucket_url")
        media.region = reader.string(forKey: "media.region", default: media.region)
        return media
    }

    private static func outbound(from reader: ConfigReader) -> OutboundSettings {
        var outbound = OutboundSettings()
        outbound.allowed = reader.string(forKey: "outbound.allow", default: "").listed
        outbound.ports = reader.string(forKey: "outbound.ports", default: "").listed
            .compactMap { Int($0) }
        return outbound
    }

    private static func limits(from reader: ConfigReader) -> LimitSettings {
        var limits = LimitSettings()
        func read(_ name: String, _ value: inout Int) {
            value = reader.int(forKey: ConfigKey("limits." + name), default: value)
        }
        func read(_ name: String, _ value: inout Duration) {
            let text = reader.string(forKey: ConfigKey("limits." + name))
            value = text.flatMap(Duration.init(reading:)) ?? value
        }
        read("target_bytes", &limits.target)
        read("header_bytes", &limits.header)
        read("headers_bytes", &limits.headers)
        read("headers", &limits.headerCount)
        read("body_bytes", &limits.body)
        read("multipart_bytes", &limits.multipart)
        read("in_flight", &limits.inFlight)
        read("head_time", &limits.headTime)
        read("body_time", &limits.bodyTime)
        read("idle_time", &limits.idleTime)
        read("stall_time", &limits.stallTime)
        read("connections", &limits.connections)
        read("connections_of_address", &limits.connectionsOfAddress)
        read("requests_of_connection", &limits.requestsOfConnection)
        limits.isRationed = reader.bool(forKey: "limits.rates", default: limits.isRationed)
        for ration in Ration.allCases {
            let text = reader.string(forKey: ConfigKey("limits." + ration.rawValue))
            if let text { limits.rates[ration] = Rate(text) }
        }
        return limits
    }

    /// The whole path of the directory of the settings file.
    private static func directory(of file: String, in surroundings: Surroundings) -> String {
        (surroundings.path(file, from: surroundings.directory) as NSString)
            .deletingLastPathComponent
    }

    /// As `secret`, but a file may have several lines, and may come later: what the public reads needs
    /// no key.
    private static func keys(
        _ reader: ConfigReader, file: String, in surroundings: Surroundings
    ) -> PrivacySettings.Source {
        let (path, variable) = ("privacy.keys", "VIADUCT_PRIVACY_KEYS")
        if let value = surroundings.variables[variable], !value.isEmpty {
            return .given(Secret(value))
        }
        if let name = surroundings.variables[variable + "_FILE"], !name.isEmpty {
            return .file(surroundings.path(name, from: surroundings.directory))
        }
        if let value = reader.string(forKey: ConfigKey(path)), !value.isEmpty {
            return .given(Secret(value))
        }
        guard let name = reader.string(forKey: ConfigKey(path + "_file")) else { return .own }
        return .file(surroundings.path(name, from: directory(of: file, in: surroundings)))
    }

    /// What no server can be reached by is told at once, and not after all tries.
    private func addressProblems(in surroundings: Surroundings) -> [Problem] {
        guard let url = database.url, !Pool.isAddress(url.value) else { return [] }
        let text = "is no address; write one such as postgresql://USER:PASSWORD@HOST/DATABASE"
        let variable = ["VIADUCT_DATABASE_URL", "VIADUCT_DATABASE_URL_FILE"].first {
            surroundings.variables[$0]?.isEmpty == false
        }
        return [
            Problem(
                file: variable == nil ? file : "environment", line: nil,
                key: variable ?? "database.url", text: text)
        ]
    }

    /// What is wrong with the data keys that are there.
    private var keyProblems: [Problem] {
        let source = DataKeySource(self)
        do throws(DataKeySource.Failure) {
            _ = try source.read()
            return []
        } catch .missing {
            return []
        } catch {
            return [
                Problem(
                    file: file, line: nil, key: source.key, text: source.advice(on: error),
                    kind: error.isOpen ? .openSecret : .setting)
            ]
        }
    }

    /// A secret: the variable, its `_FILE`, the key, its `_file`; the first of these there is.
    private static func secret(
        _ path: String, _ reader: ConfigReader, file: String, in surroundings: Surroundings,
        _ problems: inout [Problem]
    ) -> Secret? {
        let variable = SettingKey(path: path, kind: .secret).variable
        if let value = surroundings.variables[variable], !value.isEmpty { return Secret(value) }
        let base = directory(of: file, in: surroundings)
        let (name, key): (String, String)
        if let named = surroundings.variables[variable + "_FILE"], !named.isEmpty {
            (name, key) = (
                surroundings.path(named, from: surroundings.directory), variable + "_FILE"
            )
        } else if let value = reader.string(forKey: ConfigKey(path)) {
            return Secret(value)
        } else if let named = reader.string(forKey: ConfigKey(path + "_file")) {
            (name, key) = (surroundings.path(named, from: base), path + "_file")
        } else {
            return nil
        }
        do {
            return try Secret(contentsOf: name)
        } catch {
            problems.append(
                Problem(
                    file: key.hasPrefix("VIADUCT") ? "environment" : file, line: nil, key: key,
                    text: error.advice(for: name), kind: error.kind))
            return nil
        }
    }
}

extension Secret.FileError {
    /// What the problem is about.
    var kind: Problem.Kind {
        if case .open = self { return .openSecret }
        return .setting
    }

    /// What to do about it.
    func advice(for path: String) -> String {
        switch self {
        case .unreadable: "\(path) cannot be read; give its owner, who runs Viaduct, read access"
        case .open: "\(path) may be read by others; run chmod 600 \(path)"
        case .empty: "\(path) has an empty first line; write the secret there"
        }
    }
}

extension HTTPSettings {
    /// What is wrong with the certificate; a port that nobody can call is worse than none.
    fileprivate func checkCertificate(in file: String, _ reader: ConfigReader) -> [Problem] {
        func problem(_ key: String, _ text: String) -> [Problem] {
            [Problem(file: file, line: SettingsFile(file).line(of: key), key: key, text: text)]
        }
        guard let certificate else {
            for (one, other) in [
                ("certificate", "certificate_key"), ("certificate_key", "certificate"),
            ]
            where reader.string(forKey: ConfigKey("http." + one)) != nil {
                return problem("http." + one, "needs http.\(other) as well")
            }
            return []
        }
        guard FileMode(certificate.key).bits & 0o007 == 0 else {
            var open = problem(
                "http.certificate_key", "everybody may read it: run chmod o= \(certificate.key)")
            open[0].kind = .openSecret
            return open
        }
        do throws(ServerCertificate.Unusable) {
            _ = try ServerCertificate(certificate)
            return []
        } catch {
            return problem("http.certificate", "cannot be used: \(error)")
        }
    }
}
