import EventLoop
import Synchronization

/// The thread of everything behind the demo's gateway.
struct DemoThread {
    private let thread: Thread
    private let exchange: Exchange

    /// What it and the main thread tell each other.
    private final class Exchange: Sendable {
        let outcome = Mutex<Result<DemoConfiguration, DemoFailure>?>(nil)
        let hasOpened: WakeUp
        let isOver: WakeUp

        init() throws(SystemFailure) {
            hasOpened = try WakeUp()
            isOver = try WakeUp()
        }

        func opened(_ result: Result<DemoConfiguration, DemoFailure>) {
            outcome.withLock { $0 = result }
            hasOpened.signal()
        }
    }

    static func start(
        for port: DemoPort,
        directory: String
    ) throws(DemoFailure) -> DemoThread {
        do throws(SystemFailure) {
            let exchange = try Exchange()
            let thread = try Thread.start(name: "demo-services") {
                run(exchange, port, directory)
            }
            return DemoThread(thread: thread, exchange: exchange)
        } catch {
            throw DemoFailure("cannot start: \(error)")
        }
    }

    /// Waits until every service listens.
    func configuration() throws(DemoFailure) -> DemoConfiguration {
        guard exchange.hasOpened.wait(milliseconds: 10_000),
            let outcome = exchange.outcome.withLock({ $0 })
        else { throw DemoFailure("the demo's services did not start within 10 s") }
        return try outcome.get()
    }

    /// Ends it, and waits for that.
    func end() {
        exchange.isOver.signal()
        thread.join()
    }

    private static func run(_ exchange: Exchange, _ port: DemoPort, _ directory: String) {
        do throws(DemoFailure) {
            var services = try DemoServices.open(
                for: port,
                directory: directory,
                end: exchange.isOver
            )
            exchange.opened(.success(services.configuration))
            services.run()
        } catch {
            exchange.opened(.failure(error))
        }
    }
}
