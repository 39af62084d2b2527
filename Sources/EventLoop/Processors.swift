import CLinux

/// How many event loops the machine has room for.
public enum Processors {
    /// Processors by affinity and by the control group's quota (v1 or v2), rounded up; at least 1.
    public static var available: Int {
        let affinity = max(1, Int(linux_affinity_count()))
        guard let quota = CPUQuota.ofThisProcess() else { return affinity }
        return max(1, min(affinity, quota.processors))
    }
}

/// The soft and hard limit on descriptors.
public enum DescriptorLimit {
    /// Raises the soft limit to the hard one and says what they are now; zeros when unknown.
    @discardableResult
    public static func raise() -> (soft: Int, hard: Int) {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        _ = unsafe linux_raise_descriptor_limit(&soft, &hard)
        return (Int(clamping: soft), Int(clamping: hard))
    }
}

/// What a control group lets its processes use: `microseconds` of CPU time every `period`.
struct CPUQuota: Equatable {
    var microseconds: Int64
    var period: Int64

    /// Rounded up.
    var processors: Int {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: period)
        return Int(clamping: rest == 0 ? whole : whole &+ 1)
    }

    /// A version 2 `cpu.max`: `QUOTA PERIOD` or `max PERIOD`; nil when there is no limit.
    init?(cpuMax text: String) {
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2 else { return nil }
        self.init(quota: String(words[0]), period: String(words[1]))
    }

    /// A version 1 `cpu.cfs_quota_us`, -1 for no limit, and `cpu.cfs_period_us`.
    init?(quota: String, period: String) {
        func number(_ text: String) -> Int64? {
            text.split(separator: "\n").first.flatMap { Int64($0) }
        }
        guard let microseconds = number(quota), let period = number(period), microseconds > 0,
            period > 0
        else { return nil }
        self.microseconds = microseconds
        self.period = period
    }

    /// The tightest quota of the process's groups and the groups above them.
    static func ofThisProcess() -> CPUQuota? {
        guard let text = FileContents.text("/proc/self/cgroup") else { return nil }
        return tightest(cgroups: text) { FileContents.text($0) }
    }

    /// `cgroups` is what `/proc/self/cgroup` holds; `read` gives a file's text, nil without one.
    static func tightest(cgroups: String, read: (String) -> String?) -> CPUQuota? {
        var tightest: CPUQuota?
        for line in cgroups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            guard parts[1].isEmpty || controllers.contains("cpu") else { continue }
            for group in groups(from: String(parts[2])) {
                let quota = parts[1].isEmpty ? version2(group, read) : version1(group, read)
                guard let quota else { continue }
                if let found = tightest, found.processors <= quota.processors { continue }
                tightest = quota
            }
        }
        return tightest
    }

    private static func version2(_ group: String, _ read: (String) -> String?) -> CPUQuota? {
        for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            if let text = read("\(root)\(group)/cpu.max") { return CPUQuota(cpuMax: text) }
        }
        return nil
    }

    private static func version1(_ group: String, _ read: (String) -> String?) -> CPUQuota? {
        for root in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"] {
            guard let quota = read("\(root)\(group)/cpu.cfs_quota_us"),
                let period = read("\(root)\(group)/cpu.cfs_period_us")
            else { continue }
            return CPUQuota(quota: quota, period: period)
        }
        return nil
    }

    /// `/a/b`, `/a` and the root, which in a container is the container's own group.
    private static func groups(from path: String) -> [String] {
        var groups = [""]
        for name in path.split(separator: "/").prefix(64) where name != ".." {
            groups.append("\(groups[groups.count - 1])/\(name)")
        }
        return groups
    }
}
