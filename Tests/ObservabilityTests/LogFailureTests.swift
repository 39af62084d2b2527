import Bytes
import EventLoop
import Glibc
import HTTPCore
import Testing

@testable import Observability

@Suite struct LogFailureTests {
    private func append(_ count: Int, to ring: inout LogRing) {
        for _ in 0..<count { Texts().append(ExchangeRecord(), to: &ring) }
    }

    @Test func aFullDiskCostsLinesOnly() throws {
        let log = try AccessLog.open(.file(path: "/dev/full"), workers: 1)
        var ring = log.ring(0)
        append(10, to: &ring)
        log.close()
        #expect(log.dropped == 10)
    }

    @Test func aClosedPipeCostsLinesOnly() throws {
        let pipe = TemporaryFile("pipe")
        let made = unsafe mkfifo(pipe.path, 0o600)
        #expect(made == 0)
        let reader = unsafe open(pipe.path, O_RDONLY | O_NONBLOCK)
        let log = try AccessLog.open(.file(path: pipe.path), workers: 1)
        var ring = log.ring(0)
        append(1, to: &ring)
        usleep(150_000)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let received = unsafe read(reader, &bytes, bytes.count)
        close(reader)
        append(5, to: &ring)
        log.close()
        #expect(received > 0 && bytes[received - 1] == UInt8(ascii: "\n"))
        #expect(log.dropped == 5)
    }

    @Test func aPipeThatNobodyReadsIsRefusedAtOnce() throws {
        let pipe = TemporaryFile("unread")
        let made = unsafe mkfifo(pipe.path, 0o600)
        #expect(made == 0)
        #expect(throws: SystemFailure(code: ENXIO, operation: "open")) {
            _ = try AccessLog.open(.file(path: pipe.path), workers: 1)
        }
    }

    @Test func aStalledReaderStopsNeitherWorkerNorClose() throws {
        let pipe = TemporaryFile("stalled")
        let made = unsafe mkfifo(pipe.path, 0o600)
        #expect(made == 0)
        let reader = unsafe open(pipe.path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let log = try AccessLog.open(.file(path: pipe.path), workers: 1)
        var ring = log.ring(0)
        let begin = Instant.now
        append(10_000, to: &ring)
        let appended = Instant.now
        log.close()
        #expect(appended - begin < .seconds(5) && Instant.now - appended < .seconds(5))
        #expect(log.dropped > 0)
    }

    @Test func aFullRingDropsWholeLinesAndCountsThem() {
        let memory = LogMemory(capacity: 64)
        let line = [UInt8](repeating: 7, count: 30)
        let taken = (0..<3).map { _ in memory.append(line.span) }
        var received = 0
        while memory.take(
            before: memory.end,
            { bytes in
                received += bytes.count
                return bytes.count
            }
        ) {}
        let again = memory.append(line.span)
        #expect(taken == [true, true, false] && received == 60 && again)
    }

    @Test func opensAgainWhatWasMovedAway() throws {
        let file = TemporaryFile("rotated")
        let moved = TemporaryFile("rotated-1")
        let log = try AccessLog.open(.file(path: file.path), workers: 1)
        var ring = log.ring(0)
        append(2, to: &ring)
        let renamed = unsafe rename(file.path, moved.path)
        #expect(renamed == 0)
        append(1, to: &ring)
        #expect(log.reopen() == nil)
        usleep(150_000)
        append(4, to: &ring)
        log.close()
        #expect(moved.lines.count == 3 && file.lines.count == 4)
    }

    @Test func keepsTheOldOutputWhenTheNewCannotBeOpened() throws {
        let file = TemporaryFile("kept")
        let log = try AccessLog.open(.file(path: file.path), workers: 1)
        var ring = log.ring(0)
        let failure = log.replaceOutput(.file(path: "/nowhere/at/all"))
        append(1, to: &ring)
        log.close()
        log.close()
        #expect(failure == SystemFailure(code: ENOENT, operation: "open"))
        #expect(file.lines.count == 1)
    }

    @Test func canBeTurnedOffAndOn() throws {
        let file = TemporaryFile("switched")
        let log = try AccessLog.open(.off, workers: 1)
        var ring = log.ring(0)
        append(3, to: &ring)
        let wasOn = ring.isOn
        #expect(log.replaceOutput(.file(path: file.path)) == nil)
        usleep(150_000)
        append(2, to: &ring)
        log.close()
        #expect(!wasOn && file.lines.count == 2 && log.dropped == 0)
    }
}
