import Testing

@testable import Media

/// The files of block E that an endpoint must refuse, or clean (M3).
@Suite struct HostileTests {
    struct Sample: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let error: PictureError

        init(_ name: String, _ bytes: [UInt8], _ error: PictureError) {
            testDescription = name
            self.bytes = bytes
            self.error = error
        }
    }

    private static let html = Array("<html><script>alert(1)</script></html>".utf8)

    private static let strangers: [Sample] = [
        Sample("nothing", [], .empty),
        Sample("a GIF", Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3b], .unsupported),
        Sample("a TIFF", Array("II*\0".utf8) + [8, 0, 0, 0], .unsupported),
        Sample("a BMP", Array("BM".utf8) + [UInt8](repeating: 0, count: 60), .unsupported),
        Sample("a HEIC", [0, 0, 0, 24] + Array("ftypheic".utf8), .unsupported),
        Sample("a PDF", Array("%PDF-1.7\n".utf8), .unsupported),
        Sample("an SVG", Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8), .unsupported),
        Sample("HTML", html, .unsupported),
        Sample("a ZIP", Array("PK\u{3}\u{4}".utf8) + [20, 0, 0, 0], .unsupported),
        Sample("two bytes of a JPEG", [0xff, 0xd8], .unsupported),
        Sample("a WAVE", Array("RIFF\u{10}\0\0\0WAVEfmt ".utf8), .unsupported),
        Sample("HTML in front of a JPEG", html + JPEG.file(), .unsupported),
        Sample(
            "10 MB and a byte", JPEG.file() + [UInt8](repeating: 0, count: 10 << 20), .tooLarge),
    ]

    private static let jpegs: [Sample] = [
        Sample("a JPEG of 65535 by 65535", jpeg(frame: JPEG.frame(65_535, 65_535)), .tooLarge),
        Sample("a JPEG of 12001 by 1", jpeg(frame: JPEG.frame(12_001, 1)), .tooLarge),
        Sample("a JPEG of 12000 by 12000", jpeg(frame: JPEG.frame(12_000, 12_000)), .tooLarge),
        Sample("a JPEG of no height", jpeg(frame: JPEG.frame(16, 0)), .malformed),
        Sample("a JPEG cut in its scan", JPEG.file().dropLast(3), .malformed),
        Sample("a JPEG cut in a table", Array(JPEG.file().prefix(40)), .malformed),
        Sample("a JPEG without its end", JPEG.file().dropLast(2), .malformed),
        Sample("a segment of length 0", JPEG.start + [0xff, 0xe1, 0, 0] + JPEG.end, .malformed),
        Sample("a segment of length 1", JPEG.start + [0xff, 0xe1, 0, 1] + JPEG.end, .malformed),
        Sample(
            "a segment past the end", JPEG.start + [0xff, 0xe1, 0xff, 0xff, 1, 2], .malformed),
        Sample("a JPEG that is its end", JPEG.start + JPEG.end, .malformed),
        Sample("a JPEG without a frame", JPEG.start + JPEG.scan(8, 8) + JPEG.end, .malformed),
        Sample("two frames", JPEG.file(with: JPEG.frame(8, 8)), .malformed),
        Sample("an empty scan", jpeg(frame: JPEG.frame(8, 8), scan: JPEG.scanHead), .malformed),
        Sample("a second start", JPEG.file(with: JPEG.start), .malformed),
        Sample("a reserved marker", JPEG.file(with: JPEG.segment(0x02, [0])), .malformed),
        Sample("bytes between segments", JPEG.file(with: [0, 1, 2]), .malformed),
        Sample("a bad quantizer", JPEG.file(with: JPEG.segment(0xdb, [9, 9])), .malformed),
        Sample(
            "a bad table of codes",
            JPEG.file(with: JPEG.segment(0xc4, [0] + [UInt8](repeating: 255, count: 16))),
            .malformed),
        Sample("arithmetic coding", jpeg(frame: JPEG.frame(8, 8, marker: 0xc9)), .unsupported),
        Sample("a lossless JPEG", jpeg(frame: JPEG.frame(8, 8, marker: 0xc3)), .unsupported),
        Sample("a hierarchical JPEG", JPEG.file(with: JPEG.segment(0xde, [8])), .unsupported),
        Sample(
            "101 scans",
            JPEG.start + JPEG.frame(8, 8) + (0...100).flatMap { _ in JPEG.scan(8, 8) } + JPEG.end,
            .unsupported),
    ]

    private static func jpeg(
        frame: [UInt8], scan: [UInt8] = JPEG.scan(8, 8)
    ) -> [UInt8] {
        JPEG.start + JPEG.quantizers + frame + JPEG.codes + scan + JPEG.end
    }

    private static let pngs: [Sample] = [
        Sample("a PNG of 65535 by 65535", png(PNG.header(65_535, 65_535)), .tooLarge),
        Sample("a PNG of 14000 by 14000", png(PNG.header(14_000, 14_000)), .tooLarge),
        Sample("a PNG of 2^31 - 1 by 1", png(PNG.header(0x7fff_ffff, 1)), .tooLarge),
        Sample("a PNG of 2^32 - 1", png(PNG.header(0xffff_ffff, 0xffff_ffff)), .tooLarge),
        Sample("a PNG of no width", png(PNG.header(0, 9)), .malformed),
        Sample("a PNG of 3 bits", png(PNG.header(12, 9, depth: 3)), .malformed),
        Sample("a PNG that is its signature", PNG.signature, .malformed),
        Sample("a PNG without pixels", PNG.signature + PNG.header(9, 9) + PNG.end, .malformed),
        Sample("too few pixels for its size", png(PNG.header(9_000, 5_000)), .malformed),
        Sample("a PNG without its end", PNG.file().dropLast(12), .malformed),
        Sample("a PNG cut in its pixels", Array(PNG.file().prefix(60)), .malformed),
        Sample(
            "a chunk past the end",
            PNG.file(before: [0xff, 0xff, 0xff, 0xff] + Array("tEXt".utf8)),
            .malformed),
        Sample("a wrong checksum", PNG.file().dropLast() + [0], .malformed),
        Sample("a chunk type of no letters", PNG.file(before: PNG.chunk("a.1b", [])), .malformed),
        Sample("two headers", PNG.file(before: PNG.header(12, 9)), .malformed),
        Sample("pixels apart", PNG.file(before: PNG.pixels(1, 1) + text), .malformed),
        Sample("no palette", png(PNG.header(12, 9, color: 3)), .malformed),
        Sample("a palette for gray", PNG.file(before: PNG.chunk("PLTE", [1, 2, 3])), .malformed),
        Sample(
            "an APNG", PNG.file(before: PNG.chunk("acTL", PNG.four(1_000) + PNG.four(0))),
            .unsupported),
        Sample("frames of an APNG", PNG.file(after: PNG.chunk("fdAT", PNG.four(1))), .unsupported),
        Sample(
            "a needed chunk nobody knows", PNG.file(before: PNG.chunk("SECR", [])), .unsupported),
        Sample("Apple's own PNG", PNG.signature + PNG.chunk("CgBI", [0]), .unsupported),
    ]

    private static let text = PNG.chunk("tEXt", Array("Comment\0SECRET".utf8))

    private static func png(_ header: [UInt8]) -> [UInt8] {
        PNG.signature + header + PNG.pixels(12, 9) + PNG.end
    }

    private static let webps: [Sample] = [
        Sample(
            "an animated WebP",
            WebP.file(WebP.canvas(0x02) + WebP.chunk("ANIM", [0, 0, 0, 0, 0, 0])), .unsupported),
        Sample(
            "an animated WebP that hides it",
            WebP.file(WebP.canvas(0) + WebP.chunk("ANMF", WebP.lossy)), .unsupported),
        Sample("a WebP of sound", WebP.file(WebP.chunk("SECR", [1])), .unsupported),
        Sample("a WebP that is its head", Array("RIFF\u{4}\0\0\0WEBP".utf8), .malformed),
        Sample(
            "a WebP of 16384 by 16384",
            WebP.file(WebP.canvas(0, 16_384, 16_384) + WebP.chunk("VP8 ", WebP.lossy)), .tooLarge),
        Sample(
            "a WebP of 2^24 by 2^24",
            WebP.file(WebP.canvas(0, 1 << 24, 1 << 24) + WebP.chunk("VP8 ", WebP.lossy)), .tooLarge),
        Sample(
            "a canvas of another size",
            WebP.file(WebP.canvas(0, 25, 16) + WebP.chunk("VP8 ", WebP.lossy)), .malformed),
        Sample("a WebP without a picture", WebP.file(WebP.canvas(0)), .malformed),
        Sample("a WebP cut short", WebP.full.dropLast(30), .malformed),
        Sample(
            "two pictures",
            WebP.file(
                WebP.canvas(0) + WebP.chunk("VP8 ", WebP.lossy) + WebP.chunk("VP8 ", WebP.lossy)),
            .malformed),
        Sample("no key frame", WebP.file(WebP.chunk("VP8 ", [0x11] + WebP.lossy)), .malformed),
        Sample(
            "a lossless WebP of 16384",
            WebP.file(WebP.chunk("VP8L", [0x2f, 0xff, 0xff, 0xff, 0x0f, 0])), .tooLarge),
        Sample(
            "a chunk past the end", WebP.file(Array("VP8 \u{ff}".utf8) + [255, 255]), .malformed),
    ]

    @Test(arguments: strangers + jpegs + pngs + webps)
    func `a hostile file is refused`(sample: Sample) {
        #expect(throws: sample.error) { try Picture.read(sample.bytes) }
    }

    @Test(arguments: [
        JPEG.file(), PNG.file(), WebP.full, WebP.file(WebP.chunk("VP8L", WebP.lossless)),
    ])
    func `what follows a picture's end is cut`(file: [UInt8]) throws {
        let tails = [
            Array("PK\u{3}\u{4}SECRET".utf8), Array("<script>SECRET</script>".utf8), JPEG.file(),
        ]
        for tail in tails {
            #expect(try Picture.read(file + tail) == Picture.read(file))
        }
    }

    @Test func `a bomb of text is dropped unread`() throws {
        let bomb = PNG.chunk("zTXt", Array("x\0\0".utf8) + [UInt8](repeating: 0xaa, count: 5 << 20))
        #expect(try Picture.read(PNG.file(before: bomb)).bytes == PNG.file())
    }

    @Test func `every beginning of a picture is refused, and none traps`() {
        for file in [JPEG.file(with: Secrets.jpeg), Secrets.png, WebP.full] {
            for count in 0..<file.count - 1 {
                #expect(throws: PictureError.self) { try Picture.read(Array(file.prefix(count))) }
            }
        }
    }
}
