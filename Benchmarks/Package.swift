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

func sallyport(_ modules: String...) -> [Target.Dependency] {
    modules.map { .product(name: $0, package: "sallyport") }
}

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "sallyport", path: "..")],
    targets: [
        .executableTarget(
            name: "relay",
            dependencies: sallyport("Bytes", "EventLoop", "TLS", "Connections"),
            swiftSettings: settings
        )
    ]
)
