import CLinux

/// An open descriptor, closed when it is dropped.
struct Descriptor: ~Copyable, Sendable {
    let number: CInt

    /// Takes over what a system call gave.
    init(owning number: CInt) {
        self.number = number
    }

    deinit { linux_close(number) }
}
