import Testing

@testable import Media

@Suite struct FuzzTests {
    private static let seeds = [
        JPEG.file(with: Secrets.jpeg), JPEG.file(), Secrets.png, PNG.file(), WebP.full,
        WebP.file(WebP.chunk("VP8L", WebP.lossless)),
    ]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `a changed file is refused or cleaned, and its clean bytes read as themselves`(
        seed: UInt64
    ) throws {
        var random = Seeded(state: seed &+ 1)
        for _ in 0..<1_500 {
            let file = Self.changed(Self.seeds, &random)
            guard let picture = try? Picture.read(file) else { continue }
            let again = try Picture.read(picture.bytes)
            #expect(again == picture)
            // A broken block of a chunk may have been kept as pixels; names of secrets may not.
            for word in ["http://ns.adobe.com", "Photoshop 3.0", "tEXtAuthor"] {
                #expect(!holds(picture.bytes, word))
            }
        }
    }

    private static func changed(_ seeds: [[UInt8]], _ random: inout Seeded) -> [UInt8] {
        var file = seeds.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<file.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: file[place] = .random(in: 0...255, using: &random)
            case 1: file[place] = [0, 1, 0x7f, 0x80, 0xfe, 0xff].randomElement(using: &random) ?? 0
            case 2: file.remove(at: place)
            case 3: file.insert(.random(in: 0...255, using: &random), at: place)
            case 4: file.insert(contentsOf: file[place...].prefix(40), at: place)
            default: file.removeLast(min(5, file.count - 1))
            }
        }
        return file
    }
}
