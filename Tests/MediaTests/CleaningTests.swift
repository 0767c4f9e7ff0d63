import Testing

@testable import Media

/// Files full of what must not be passed on.
enum Secrets {
    static let jpeg =
        JPEG.segment(0xe0, Array("JFXX\0".utf8) + [0x10] + Array("SECRET".utf8))
        + JPEG.exif(EXIF.block(orientation: 6))
        + JPEG.segment(0xe1, Array("http://ns.adobe.com/xap/1.0/\0SECRET".utf8))
        + JPEG.segment(0xe2, Array("MPF\0SECRET".utf8))
        + JPEG.segment(0xe2, Array("ICC_PROFILE\0\u{1}\u{1}".utf8) + ICC.profile(space: "GRAY"))
        + JPEG.segment(0xed, Array("Photoshop 3.0\0SECRET".utf8))
        + JPEG.segment(0xee, Array("Adobe".utf8) + [0, 100, 0x83, 0x45, 0x43, 0x52, 0])
        + JPEG.segment(0xfe, Array("<script>SECRET</script>".utf8))
        + JPEG.segment(0xeb, Array("SECRET".utf8))

    static let png = PNG.file(
        before: PNG.chunk("gAMA", [0, 0, 0xb1, 0x8f])
            + PNG.chunk(
                "iCCP",
                Array("SECRET\0\0".utf8) + Zlib.stored(ICC.profile(space: "GRAY")))
            + PNG.chunk("tEXt", Array("Author\0SECRET".utf8))
            + PNG.chunk("iTXt", Array("XML:com.adobe.xmp\0\0\0\0\0SECRET".utf8))
            + PNG.chunk("eXIf", EXIF.block(orientation: 8, isLittle: false))
            + PNG.chunk("tIME", [7, 0xea, 1, 1, 0, 0, 0]) + PNG.chunk("pHYs", [9])
            + PNG.chunk("seCR", Array("SECRET".utf8)),
        after: PNG.chunk("tEXt", Array("Comment\0SECRET".utf8)))
}

@Suite struct CleaningTests {
    @Test(arguments: [JPEG.file(with: Secrets.jpeg), Secrets.png, WebP.full])
    func `nothing is left but what draws the picture`(file: [UInt8]) throws {
        let picture = try Picture.read(file)
        for word in ["SECR", "script", "adobe", "Photoshop", "MPF", "XMP", "tEXt", "tIME", "JFXX"] {
            #expect(!holds(picture.bytes, word))
        }
        #expect(try Picture.read(picture.bytes) == picture)
    }

    @Test func `a plain picture stays as it is`() throws {
        let png = PNG.file()
        #expect(try Picture.read(png).bytes == png)
        let webp = WebP.file(WebP.chunk("VP8 ", WebP.lossy))
        #expect(try Picture.read(webp).bytes == webp)
        let jpeg = try Picture.read(JPEG.file())
        #expect(jpeg.bytes.count == JPEG.file().count)
        #expect((jpeg.width, jpeg.height) == (16, 8))
    }

    @Test(arguments: [2, 3, 4, 5, 6, 7, 8] as [UInt8], [true, false])
    func `the orientation is kept and nothing else of the EXIF`(value: UInt8, isLittle: Bool) throws
    {
        let block = EXIF.block(orientation: value, isLittle: isLittle)
        let files = [
            JPEG.file(with: JPEG.exif(block)), PNG.file(before: PNG.chunk("eXIf", block)),
            WebP.file(
                WebP.canvas(0x08) + WebP.chunk("VP8 ", WebP.lossy) + WebP.chunk("EXIF", block)),
        ]
        for file in files {
            let picture = try Picture.read(file)
            #expect(picture.orientation.rawValue == value)
            #expect(!holds(picture.bytes, "SECRET"))
            #expect(try Picture.read(picture.bytes).orientation.rawValue == value)
        }
    }

    @Test(arguments: [0, 1, 9, 255] as [UInt8])
    func `an upright or senseless orientation leaves no EXIF`(value: UInt8) throws {
        let file = JPEG.file(with: JPEG.exif(EXIF.block(orientation: value)))
        #expect(!holds(try Picture.read(file).bytes, "Exif"))
    }

    @Test func `an EXIF block that points anywhere tells nothing and traps nothing`() {
        var random = Seeded(state: 5)
        let block = EXIF.block(orientation: 6)
        for _ in 0..<5_000 {
            var changed = block
            for _ in 0..<3 {
                changed[Int.random(in: 0..<changed.count, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            _ = Orientation(exif: changed[...])
        }
        for count in block.indices { _ = Orientation(exif: block[..<count]) }
    }

    @Test func `a second picture behind the first is cut`() throws {
        let both = JPEG.file(with: JPEG.segment(0xe2, Array("MPF\0".utf8))) + JPEG.file(64, 64)
        #expect(try Picture.read(both) == Picture.read(JPEG.file()))
    }

    @Test func `the flags of a WebP say what it holds`() throws {
        let lying = WebP.file(WebP.canvas(0x2c) + WebP.chunk("VP8 ", WebP.lossy))
        #expect(try Picture.read(lying).bytes == WebP.file(WebP.chunk("VP8 ", WebP.lossy)))
        let full = try Picture.read(WebP.full).bytes
        let wanted =
            WebP.canvas(0x18) + WebP.chunk("ALPH", WebP.alpha) + WebP.chunk("VP8 ", WebP.lossy)
            + WebP.chunk("EXIF", EXIFPlain.turnedRight)
        #expect(full == WebP.file(wanted))
    }

    private enum EXIFPlain {
        static let turnedRight: [UInt8] =
            Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
            + [0, 0, 0, 0]
    }

    @Test func `transparency and palette are kept if they fit`() throws {
        let palette = PNG.chunk("PLTE", [1, 2, 3, 4, 5, 6])
        let file = { (more: [UInt8]) in
            PNG.signature + PNG.header(12, 9, color: 3) + palette + more + PNG.pixels(12, 9)
                + PNG.end
        }
        let fitting = file(PNG.chunk("tRNS", [0, 255]))
        #expect(try Picture.read(fitting).bytes == fitting)
        #expect(try Picture.read(file(PNG.chunk("tRNS", [0, 1, 2]))).bytes == file([]))
    }
}

@Suite struct ColorProfileTests {
    @Test func `a profile keeps its numbers and loses its texts`() throws {
        let profile = try #require(ColorProfile(ICC.profile()))
        #expect(profile.space == .rgb)
        #expect(!holds(profile.bytes, "SECR"))
        #expect(!holds(profile.bytes, "mmod"))
        for tag in ["rXYZ", "bTRC", "wtpt", "desc", "cprt"] { #expect(holds(profile.bytes, tag)) }
        #expect(ColorProfile(profile.bytes)?.bytes == profile.bytes)
    }

    @Test func `a profile in pieces is put together, and a broken one is dropped`() throws {
        let profile = ICC.profile(space: "GRAY")
        func piece(_ number: UInt8, of count: UInt8, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
            JPEG.segment(0xe2, ICCPieces.name + [number, count] + bytes)
        }
        let whole = piece(2, of: 2, profile[200...]) + piece(1, of: 2, profile[..<200])
        #expect(holds(try Picture.read(JPEG.file(with: whole)).bytes, "ICC_PROFILE"))
        for broken in [
            piece(1, of: 2, profile[...]), piece(0, of: 1, profile[...]),
            piece(1, of: 1, profile[...]) + piece(1, of: 1, profile[...]),
            piece(1, of: 1, profile.dropLast(40)),
            piece(1, of: 1, ICC.profile(space: "RGB ")[...]),
        ] {
            #expect(!holds(try Picture.read(JPEG.file(with: broken)).bytes, "ICC_PROFILE"))
        }
    }

    @Test func `a profile changed anywhere is cleaned or dropped, and traps nothing`() {
        var random = Seeded(state: 11)
        for _ in 0..<5_000 {
            var changed = ICC.profile()
            for _ in 0..<4 {
                let place = Int.random(in: 0..<changed.count, using: &random)
                changed[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
            }
            guard let profile = ColorProfile(changed) else { continue }
            #expect(ColorProfile(profile.bytes)?.bytes == profile.bytes)
        }
    }
}

@Suite struct ZlibTests {
    /// Python's zlib made these: one of codes of its own, one of the fixed ones.
    static let dynamic = bytes(
        """
        78daedcccb0dc0200800d0d9a81f202ac5a0726ebbff0ebd75821e4ddef901655b7a8098389ca3c73423b493540\
        202f30a8bc813d4962a0f575f45b82b96ac8a8d6d36eb0961277f25d7fd6c9f17dcefde12
        """)
    static let fixed = bytes("78dacb48cdc9c957c8402701680308b1")

    @Test func `a stream of any kind is inflated`() {
        let text: [UInt8] = (0..<400).map { (index: Int) -> UInt8 in
            let square: Int = index * index * 7
            return UInt8((square + index / 3) % 23 + 65)
        }
        let wanted = text + (0..<30).flatMap { _ in Array("abcabcabc".utf8) }
        #expect(Zlib.inflated(Self.dynamic[...], limit: 10_000) == wanted)
        #expect(
            Zlib.inflated(Self.fixed[...], limit: 100) == Array("hello hello hello hello".utf8))
        for size in [0, 1, 65_535, 65_536, 200_000] {
            let bytes = [UInt8](repeating: 7, count: size)
            #expect(Zlib.inflated(Zlib.stored(bytes)[...], limit: size) == bytes)
        }
    }

    @Test func `a stream that holds too much or is damaged is none`() {
        #expect(Zlib.inflated(Self.dynamic[...], limit: 669) == nil)
        #expect(Zlib.inflated(Zlib.stored([1, 2, 3])[...], limit: 2) == nil)
        var random = Seeded(state: 3)
        for _ in 0..<5_000 {
            var changed = Self.dynamic
            changed[Int.random(in: 2..<changed.count, using: &random)] ^= .random(
                in: 1...255, using: &random)
            _ = Zlib.inflated(changed[...], limit: 10_000)
        }
        for count in Self.dynamic.indices {
            #expect(Zlib.inflated(Self.dynamic[..<count], limit: 10_000) == nil)
        }
    }
}
