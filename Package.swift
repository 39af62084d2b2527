// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: settings
    )
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

/// What `Benchmarks` and `Fuzz`, packages of their own, measure and feed.
let modules = [
    "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore", "Observability", "TLS", "HTTP1",
    "JOSE", "Sessions", "Policy", "Connections", "Upstreams", "Proxy", "Configuration",
]

let package = Package(
    name: "sallyport",
    products: (modules + ["FuzzMachines"]).map { .library(name: $0, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .target(name: "CLinux"),
        .target(name: "COpenSSLMemory"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8"),
        module("Bytes"),
        module("EventLoop", ["CLinux", "Bytes"]),
        module("JSON", ["Bytes"]),
        module("Patterns", ["CPCRE2", "Bytes"]),
        module("Cryptography", ["COpenSSL", "Bytes"]),
        module("HTTPCore", ["Bytes"]),
        module("Observability", ["HTTPCore", "EventLoop", "Bytes"]),
        module("TLS", ["COpenSSL", "COpenSSLMemory", "Bytes"]),
        module("HTTP1", ["HTTPCore", "Bytes"]),
        module("JOSE", ["Cryptography", "JSON", "Bytes"]),
        module("Sessions", ["HTTPCore", "JOSE", "JSON", "Cryptography", "Bytes"]),
        module("Policy", ["HTTPCore", "Sessions", "Patterns", "Bytes"]),
        module(
            "Connections",
            ["EventLoop", "TLS", "HTTPCore", "HTTP1", "Observability", "Bytes"]
        ),
        module("Upstreams", ["Bytes"]),
        module(
            "Proxy",
            [
                "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore", "Observability", "TLS",
                "HTTP1", "JOSE", "Sessions", "Policy", "Connections", "Upstreams",
            ]
        ),
        module(
            "Control",
            [
                "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore", "Observability", "TLS",
                "HTTP1", "JOSE", "Sessions", "Policy", "Connections", "Upstreams", "Proxy",
            ]
        ),
        module("Authority", ["HTTPCore", "JSON", "JOSE", "Cryptography", "Bytes"]),
        module(
            "Configuration",
            [
                yams, "Bytes", "EventLoop", "HTTPCore", "Observability", "TLS", "Sessions",
                "Policy",
                "Patterns", "Connections", "Upstreams", "Proxy",
            ]
        ),
        .executableTarget(
            name: "sallyport",
            dependencies: [
                arguments, logging, "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore",
                "Observability", "TLS", "HTTP1", "JOSE", "Sessions", "Patterns", "Policy",
                "Connections", "Upstreams", "Proxy", "Control", "Authority", "Configuration",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["EventLoop", "Bytes"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        tests("BytesTests", ["Bytes"]),
        tests("EventLoopTests", ["EventLoop", "CLinux", "Bytes", "TestSupport"]),
        tests("ObservabilityTests", ["Observability", "HTTPCore", "EventLoop", "Bytes"]),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("PatternsTests", ["Patterns", "Bytes"]),
        tests("CryptographyTests", ["Cryptography", "COpenSSL", "TestSupport"]),
        tests("JOSETests", ["JOSE", "Cryptography", "JSON", "Bytes"]),
        tests("HTTPCoreTests", ["HTTPCore", "Bytes", "TestSupport"]),
        tests("HTTP1Tests", ["HTTP1", "HTTPCore", "Bytes", "TestSupport"]),
        tests("TLSTests", ["TLS", "COpenSSL", "COpenSSLMemory", "Bytes", "TestSupport"]),
        tests("UpstreamsTests", ["Upstreams", "Bytes", "TestSupport"]),
        tests(
            "PolicyTests",
            ["Policy", "HTTPCore", "Sessions", "Patterns", "Bytes", "TestSupport"]
        ),
        tests(
            "AuthorityTests",
            ["Authority", "HTTPCore", "JOSE", "JSON", "Cryptography", "Bytes"]
        ),
        tests(
            "SessionsTests",
            ["Sessions", "HTTPCore", "JOSE", "JSON", "Cryptography", "Bytes", "TestSupport"],
            exclude: ["Fixtures"]
        ),
        tests(
            "SessionModelTests",
            [
                "Sessions", "Policy", "HTTPCore", "JOSE", "JSON", "Cryptography", "Bytes",
                "TestSupport",
            ]
        ),
        tests(
            "ConnectionsTests",
            [
                "Connections", "EventLoop", "TLS", "HTTPCore", "HTTP1", "COpenSSL", "Bytes",
                "TestSupport",
            ]
        ),
        tests(
            "ProxyTests",
            [
                "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore", "Observability", "TLS",
                "HTTP1", "JOSE", "Sessions", "Policy", "Connections", "Upstreams", "Proxy",
                "TestSupport",
            ]
        ),
        tests(
            "ControlTests",
            [
                "Bytes", "EventLoop", "Cryptography", "HTTPCore", "Observability", "JOSE",
                "Sessions", "Policy", "Connections", "Upstreams", "Proxy", "Control", "TestSupport",
            ]
        ),
        tests(
            "ConfigurationTests",
            [
                "Configuration", "Bytes", "EventLoop", "HTTPCore", "Observability", "TLS",
                "Sessions",
                "Policy", "Connections", "Upstreams", "Proxy",
            ],
            exclude: ["Fixtures"]
        ),
        tests(
            "DemoTests",
            [
                "sallyport", "Authority", "Bytes", "Connections", "Control", "Cryptography",
                "EventLoop", "HTTPCore", "JOSE", "JSON",
            ]
        ),
        tests("ExplainTests", ["sallyport", "Connections", "EventLoop", "HTTPCore", "Bytes"]),
        .target(
            name: "FuzzMachines",
            dependencies: [
                "Bytes", "EventLoop", "JSON", "Cryptography", "HTTPCore", "Observability", "TLS",
                "HTTP1", "JOSE", "Sessions", "Policy", "Connections", "Upstreams", "Proxy",
                "Control", "Configuration", "TestSupport",
            ],
            path: "Fuzz/Machines",
            swiftSettings: settings
        ),
        tests("FuzzTests", ["FuzzMachines"]),
    ]
)
