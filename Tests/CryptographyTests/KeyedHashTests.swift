import Testing

@testable import Cryptography

/// The key of the published vectors: bytes 0 to 15.
private let vectorKey: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

private func sipHash(_ count: Int, compression: Int, finalization: Int) -> UInt64 {
    let input = (0..<count).map { UInt8($0) }
    var state = SipState(key: vectorKey)
    return state.hash(input.span, compression: compression, finalization: finalization)
}

@Suite("Keyed hash")
struct KeyedHashTests {
    /// The authors' vectors of SipHash-2-4 for inputs of 0 to 16 bytes.
    @Test func `gives SipHash-2-4 with its rounds`() {
        let expected: [UInt64] = [
            0x726f_db47_dd0e_0e31, 0x74f8_39c5_93dc_67fd, 0x0d6c_8009_d9a9_4f5a,
            0x8567_6696_d7fb_7e2d, 0xcf27_94e0_2771_87b7, 0x1876_5564_cd99_a68d,
            0xcbc9_466e_58fe_e3ce, 0xab02_00f5_8b01_d137, 0x93f5_f579_9a93_2462,
            0x9e00_82df_0ba9_e4b0, 0x7a5d_bbc5_94dd_b9f3, 0xf4b3_2f46_226b_ada7,
            0x751e_8fbc_860e_e5fb, 0x14ea_5627_c084_3d90, 0xf723_ca90_8e7a_f2ee,
            0xa129_ca61_49be_45e5, 0x3f2a_cc7f_57c2_9bdb,
        ]
        for (count, hash) in expected.enumerated() {
            #expect(sipHash(count, compression: 2, finalization: 4) == hash)
        }
    }

    @Test func `is SipHash-1-3`() {
        let expected: [UInt64] = [
            0xabac_0158_050f_c4dc, 0xc9f4_9bf3_7d57_ca93, 0x82cb_9b02_4dc7_d44d,
            0x8bf8_0ab8_e7dd_f7fb, 0xcf75_5760_88d3_8328, 0xdef9_d52f_4953_3b67,
            0xc50d_2b50_c59f_22a7, 0xd392_7d98_9bb1_1140, 0x3690_9511_8d29_9a8e,
            0x25a4_8eb3_6c06_3de4, 0x79de_85ee_92ff_097f, 0x70c1_18c1_f94d_c352,
            0x78a3_84b1_57b4_d9a2, 0x306f_760c_1229_ffa7, 0x605a_a111_c0f9_5d34,
            0xd320_d86d_2a51_9956, 0xcc4f_dd1a_7d90_8b66,
        ]
        let hash = KeyedHash(key: vectorKey)
        for (count, value) in expected.enumerated() {
            let input = (0..<count).map { UInt8($0) }
            let result = hash.hash(input.span)
            #expect(result == value)
        }
    }

    @Test func `a seed and a key each change the result`() {
        let input = Array("token".utf8)
        let one = KeyedHash(key: vectorKey)
        let plain = one.hash(input.span)
        let seeded = one.hash(input.span, seed: 1)
        let other = KeyedHash(key: (1, 2)).hash(input.span)
        let random = KeyedHash().hash(input.span)
        #expect(Set([plain, seeded, other, random]).count == 4)
    }

    /// The authors' vectors of SipHash-2-4 with a result of 128 bits, for inputs of 0 to 2 bytes.
    @Test func `gives the long result of SipHash-2-4`() {
        let expected: [(UInt64, UInt64)] = [
            (0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d),
            (0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634),
            (0xc75d_a4a4_8d22_7781, 0xe4ff_0af6_de8b_a3fc),
        ]
        let hash = KeyedHash128(key: KeyedHash128.Key(low: vectorKey.0, high: vectorKey.1))
        for (count, value) in expected.enumerated() {
            let input = (0..<count).map { UInt8($0) }
            let result = hash.hash(input.span)
            #expect(result == value, "\(count) bytes")
        }
    }
}
