import Testing

@testable import EventLoop

@Suite struct ProcessorsTests {
    @Test(arguments: [
        ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2), ("1000 100000\n", 1),
        ("", nil), ("200000", nil), ("x y\n", nil), ("100000 0\n", nil), ("-1 100000\n", nil),
        ("9223372036854775807 1\n", Int.max),
    ])
    func readsVersion2(text: String, processors: Int?) {
        #expect(CPUQuota(cpuMax: text)?.processors == processors)
    }

    @Test func readsVersion1() {
        #expect(CPUQuota(quota: "-1\n", period: "100000\n") == nil)
        #expect(CPUQuota(quota: "250000\n", period: "100000\n")?.processors == 3)
        #expect(CPUQuota(quota: "", period: "100000\n") == nil)
    }

    @Test func takesTheTightestGroupOfThePath() {
        let files = [
            "/sys/fs/cgroup/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/a/cpu.max": "300000 100000\n",
            "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n",
        ]
        let quota = CPUQuota.tightest(cgroups: "0::/a/b\n") { files[$0] }
        #expect(quota?.processors == 3)
    }

    @Test func readsTheCPUControllerOfVersion1Only() {
        let files = [
            "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us": "400000\n",
            "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/other/cpu.cfs_quota_us": "100000\n",
            "/sys/fs/cgroup/cpu/other/cpu.cfs_period_us": "100000\n",
        ]
        let text = "12:memory:/other\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/other\n"
        #expect(CPUQuota.tightest(cgroups: text) { files[$0] }?.processors == 4)
    }

    @Test func findsTheContainersOwnRoot() {
        let files = ["/sys/fs/cgroup/cpu.max": "150000 100000\n"]
        let text = "0::/system.slice/docker-1234.scope\n"
        #expect(CPUQuota.tightest(cgroups: text) { files[$0] }?.processors == 2)
        #expect(CPUQuota.tightest(cgroups: "garbage\n0::/../..\n") { _ in nil } == nil)
    }

    @Test func thisMachineHasAtLeastOne() {
        #expect(Processors.available >= 1)
        let limit = DescriptorLimit.raise()
        #expect(limit.soft > 0 && limit.soft <= limit.hard)
    }
}
