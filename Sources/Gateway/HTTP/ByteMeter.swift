import NIOCore

/// Counts the raw bytes of the message being read, which the decoder hides.
///
/// A chunk's extension costs the decoder nothing and us nothing but time, so nobody would notice
/// 100 KB of it (reliability fact 9). A class, because the pipeline holds its handlers; only the
/// connection's event loop touches it.
final class ByteMeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Raw bytes since the last message ended: more than none between messages is half a head.
    private(set) var pending = 0
    /// Whether the first line of the head being read has ended.
    private(set) var hasFirstLine = false
    /// Raw and decoded bytes of the body being read.
    private var raw = 0
    private var decoded = 0
    private var isInBody = false
    /// Whether everything that still comes is thrown away.
    var isDeaf = false
    private var current: ByteBuffer?

    /// Framing may cost 32 KB, and eight bytes for each byte of content: a chunk of one byte costs
    /// five.
    private var isWithinBudget: Bool { raw - decoded <= 32 << 10 + 8 * decoded }

    /// What the connection does when the budget is spent.
    var onWaste: (() -> Void)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        let buffer = unwrapInboundIn(data)
        let wasInBody = isInBody
        pending += buffer.readableBytes
        if wasInBody { raw += buffer.readableBytes }
        if !hasFirstLine { hasFirstLine = buffer.readableBytesView.contains(UInt8(ascii: "\n")) }
        current = buffer
        context.fireChannelRead(data)
        current = nil
        if wasInBody, isInBody, !isWithinBudget { onWaste?() }
    }

    /// A head has been read, and its body begins.
    func beginBody() {
        isInBody = true
        raw = 0
        decoded = 0
    }

    /// A part of the body came out of the decoder.
    func count(decoded bytes: Int) {
        decoded += bytes
    }

    /// A message is complete; what follows belongs to the next one.
    func endMessage() {
        isInBody = false
        pending = 0
        hasFirstLine = false
    }

    /// Whether the bytes being decoded begin with an upper-case word and a blank: a method, though
    /// perhaps none that anybody knows.
    var beginsWithMethod: Bool {
        guard let current else { return false }
        let word = current.readableBytesView.prefix(24).prefix { (0x41...0x5A).contains($0) }
        return !word.isEmpty && word.count < 24
            && current.readableBytesView.dropFirst(word.count).first == UInt8(ascii: " ")
    }
}
