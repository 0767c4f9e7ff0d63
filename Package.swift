// swift-tools-version: 6.2
import PackageDescription

// The dependency diagram: a module may import what its line names, and nothing else
// (Specs/Decisions, DESIGN section 1). Imports point one way, down to Reports.
let package = Package(
    name: "viaduct",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(
            name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CGMime", pkgConfig: "gmime-3.0", providers: [.apt(["libgmime-3.0-dev"])]),
        .target(name: "Reports"),
        .target(name: "Addresses"),
        .target(name: "Faults"),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Faults"], swiftSettings: .inPlace),
        .target(name: "XML", dependencies: ["CLibXML2"]),
        .target(name: "GeoReport", dependencies: ["Reports", "XML"]),
        .target(
            name: "CaseStore",
            dependencies: ["Reports", "Federation", "Postgres", "Faults", .crypto],
            resources: [.embedInCode("Migrations")], swiftSettings: .inPlace),
        .target(name: "Federation", dependencies: ["Reports", .crypto]),
        .target(name: "Mail", dependencies: ["CGMime"]),
        .target(name: "Processes", dependencies: [.subprocess, .system]),
        .target(name: "Media", dependencies: ["Processes", .crypto, .system]),
        .target(
            name: "Outbound", dependencies: ["Addresses", .httpClient, .nio, .nioPosix, .nioSSL]),
        .target(
            name: "Ways",
            dependencies: ["CLibCurl", "Federation", "Postgres", "Processes", .system]),
        .target(
            name: "Relay",
            dependencies: [
                "Outbound", "Media", "CaseStore", "Federation", "Reports", "Faults", .crypto, .log,
            ]),
        .target(
            name: "Gateway",
            dependencies: [
                "GeoReport", "Reports", "CaseStore", "Federation", "Media", "Addresses", "Faults",
                .hummingbird, .mustache, .nio, .nioHTTP1, .nioPosix, .nioSSL, .lifecycle, .log,
            ], swiftSettings: .inPlace),
        .target(
            name: "Conformance", dependencies: ["GeoReport", "Reports"], path: "Specs/GeoReport",
            exclude: [
                "README.md", "Requirements.md", "openapi.yaml", "georeport.rng", "Schemas",
                "Fixture",
            ],
            sources: ["Conformance"], resources: [.copy("Vectors")]),
        .executableTarget(
            name: "viaduct",
            dependencies: [
                "Gateway", "CaseStore", "GeoReport", "Reports", "Federation", "Faults", "Mail",
                "Media", "Addresses", "Outbound", "Postgres", "Relay", "Ways", "XML", "CMalloc",
                "Conformance", .lifecycle, .signals, .log, .arguments, .configuration, .yams,
                .nioPosix, .crypto,
                // The adapters, one line each.
                "Command",
                "Email",
                "FileDrop",
                "Open311",
                "Redmine",
                "Roundup",
                "RequestTracker",
                "SQLTable",
            ]),
        .target(
            name: "Open311", dependencies: ["Federation", "GeoReport", "Reports"],
            path: "Adapters/Open311", exclude: ["README.md", "Tests"]),
        .adapter("Command", besides: ["Example"]),
        .target(
            name: "Email", dependencies: ["Federation", "Mail", "Reports", .mustache],
            path: "Adapters/Email", exclude: ["README.md", "mapping.yaml", "Tests"],
            resources: [.embedInCode("Templates")]),
        .adapter("FileDrop", speaking: ["GeoReport", "XML", .crypto]),
        .adapter("Redmine"),
        .adapter("Roundup"),
        .adapter("RequestTracker"),
        .adapter("SQLTable", besides: ["tables.sql"]),
        .target(name: "DatabaseKit", dependencies: ["Postgres"], path: "Tests/DatabaseKit"),
        .target(
            name: "AdapterKit", dependencies: ["Federation", "Reports"], path: "Tests/AdapterKit"),
        .target(
            name: "LoopbackKit", dependencies: [.nio, .nioPosix, .nioSSL],
            path: "Tests/LoopbackKit"),
        .target(
            name: "FuzzKit",
            dependencies: [
                "Addresses", "Federation", "Gateway", "GeoReport", "Media", "Postgres", "Reports",
                "XML", .nioHTTP1,
            ], path: "Tests/FuzzKit"),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzKit"], path: "Tests/Fuzz",
            resources: [.copy("Corpus")]),
        .testTarget(name: "MediaTests", dependencies: ["Media"]),
        .testTarget(
            name: "ReportsTests", dependencies: ["Reports"], resources: [.copy("Masking")]),
        .testTarget(name: "FaultsTests", dependencies: ["Faults"]),
        .testTarget(
            name: "FederationTests", dependencies: ["Federation", "Reports", "AdapterKit"]),
        .testTarget(
            name: "Open311Tests",
            dependencies: ["Open311", "Federation", "GeoReport", "Reports", "AdapterKit"],
            path: "Adapters/Open311/Tests", resources: [.copy("Vectors")]),
        .adapterTests("Command"),
        .adapterTests("Email", with: ["Mail"]),
        .adapterTests("FileDrop", with: [.crypto]),
        .adapterTests("Redmine"),
        .adapterTests("Roundup"),
        .adapterTests("RequestTracker"),
        .adapterTests("SQLTable"),
        .testTarget(name: "MailTests", dependencies: ["Mail"]),
        .testTarget(
            name: "WaysTests",
            dependencies: ["Ways", "Federation", "Postgres", "DatabaseKit", "CLibCurl"]),
        .testTarget(name: "AddressesTests", dependencies: ["Addresses"]),
        .testTarget(
            name: "OutboundTests",
            dependencies: ["Outbound", "Addresses", "LoopbackKit", .nio, .nioSSL]),
        .testTarget(
            name: "RelayTests",
            dependencies: [
                "Relay", "Outbound", "Media", "CaseStore", "Federation", "Reports", "Postgres",
                "DatabaseKit", "LoopbackKit", .log,
            ]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "DatabaseKit"]),
        .testTarget(name: "XMLTests", dependencies: ["XML"]),
        .testTarget(name: "GeoReportTests", dependencies: ["GeoReport", "Reports", "XML"]),
        .testTarget(
            name: "CaseStoreTests",
            dependencies: ["CaseStore", "Federation", "Reports", "Postgres", "DatabaseKit"]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "GeoReport", "Reports", "CaseStore", "Federation", "Media", "Addresses",
                "Postgres", "DatabaseKit", .crypto, .log, .lifecycle, .nio, .nioHTTP1, .nioPosix,
                .nioEmbedded,
            ]),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Conformance", "Gateway", "CaseStore", "Media", "Postgres", "DatabaseKit",
                "GeoReport", "Reports", "viaduct", .crypto, .log, .nioHTTP1,
            ]),
        .testTarget(
            name: "ViaductTests",
            dependencies: [
                "viaduct", "CaseStore", "Gateway", "Outbound", "Federation", "GeoReport", "Reports",
                "Postgres",
                "DatabaseKit",
                .yams,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// Scripts/fuzz builds this apart from everything else: with libFuzzer's main, and with its counters.
if let fuzzing = Context.environment["VIADUCT_FUZZ"] {
    package.targets.append(
        .executableTarget(
            name: "FuzzDriver", dependencies: ["FuzzKit"], path: "Tests/FuzzDriver"))
    // For a look of minutes the modules alone are counted, beside dependencies that are built anyway.
    if fuzzing == "modules" {
        for target in package.targets where target.type == .regular {
            target.swiftSettings =
                (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer", "-O"])]
            target.linkerSettings = [.unsafeFlags(["-sanitize=fuzzer"])]
        }
    }
}

extension [SwiftSetting] {
    /// An asynchronous function runs where its caller does. Otherwise a request looks for its
    /// executor at each of twenty calls, only to find that it is there already.
    static let inPlace: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
}

extension Target {
    /// An adapter: the code in its folder; whatever else lies there is not compiled.
    static func adapter(
        _ name: String, speaking own: [Target.Dependency] = [], besides others: [String] = []
    ) -> Target {
        .target(
            name: name, dependencies: ["Federation", "Reports"] + own, path: "Adapters/\(name)",
            exclude: ["README.md", "mapping.yaml", "Tests"] + others)
    }

    /// Its tests.
    static func adapterTests(_ name: String, with own: [Target.Dependency] = []) -> Target {
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.byName(name: name), "Federation", "Reports", "AdapterKit"] + own,
            path: "Adapters/\(name)/Tests")
    }
}

extension Target.Dependency {
    static let hummingbird = product(name: "HummingbirdCore", package: "hummingbird")
    static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let log = product(name: "Logging", package: "swift-log")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let yams = product(name: "Yams", package: "Yams")
}
