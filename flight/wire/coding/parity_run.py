"""The inner loop of Reed-Solomon parity, written out: 32 rows added without a loop, 9 us a codeword instead of 17.

They are added in pairs: a sum that does not wait for the one before takes a tenth less (9.1 us against 10.1).
"""

from __future__ import annotations

RUN = 32

Rows = tuple[tuple[int, ...], ...]


def parity_of_word(data: bytes, rows: Rows) -> bytes:
    """32 symbols for up to 223.  `rows` are those of 32 positions, each a number of 32 octets for each symbol."""
    # fmt: off
    (
        r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15,
        r16, r17, r18, r19, r20, r21, r22, r23, r24, r25, r26, r27, r28, r29, r30, r31,
    ) = rows
    data = bytes(-len(data) % RUN) + data  # virtual fill
    parity = 0
    for start in range(0, len(data), RUN):
        run = parity ^ int.from_bytes(data[start : start + RUN], "big")
        (
            s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
            s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31,
        ) = run.to_bytes(RUN, "big")
        parity = (
            (r0[s0] ^ r1[s1]) ^ (r2[s2] ^ r3[s3])
            ^ (r4[s4] ^ r5[s5]) ^ (r6[s6] ^ r7[s7])
            ^ (r8[s8] ^ r9[s9]) ^ (r10[s10] ^ r11[s11])
            ^ (r12[s12] ^ r13[s13]) ^ (r14[s14] ^ r15[s15])
            ^ (r16[s16] ^ r17[s17]) ^ (r18[s18] ^ r19[s19])
            ^ (r20[s20] ^ r21[s21]) ^ (r22[s22] ^ r23[s23])
            ^ (r24[s24] ^ r25[s25]) ^ (r26[s26] ^ r27[s27])
            ^ (r28[s28] ^ r29[s29]) ^ (r30[s30] ^ r31[s31])
        )
    return parity.to_bytes(RUN, "big")
    # fmt: on
