// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "sallyport-fuzz",
    dependencies: [.package(name: "sallyport", path: "..")],
    targets: [
        .executableTarget(
            name: "Fuzz",
            dependencies: [.product(name: "FuzzMachines", package: "sallyport")],
            swiftSettings: [
                .enableUpcomingFeature("InternalImportsByDefault"),
                .strictMemorySafety(),
                .treatAllWarnings(as: .error),
            ]
        )
    ]
)
