// Written by the example `generate`. Do not edit.

programs!(g00, g01, g02, g03, g04, g05, g06, g07, g08, g09, g10, g11, g12, g13, g14, g15, g16, g17, g18, g19, g20, g21, g22, g23);

structure!({} g00::types::Larch0: 0, 1);
structure!({} g00::types::Kelp1: event, data, signature, slot, nodeId, f_slot);
enumeration!({} g00::types::Grove2: Birch0 {  });
structure!({} g00::types::Heron3: amount, name_, name_2);
structure!({} g00::types::Pine_4: result);
structure!({} g00::types::Larch5: 0, 1);
enumeration!({} g00::types::Grove6: Cedar0 { x: m0, slot: m1, depth: m2 } Delta1 {  } Ember2 { tx_index: m0, value: m1, remaining_accounts: m2 } NodeV23 {  });
enumeration!({} g00::types::OrderXY7: W0 {  } W1 {  } W2 {  } W3 {  } W4 {  } W5 {  } W6 {  } W7 {  } W8 {  } W9 {  } W10 {  } W11 {  } W12 {  } W13 {  } W14 {  } W15 {  } W16 {  } W17 {  } W18 {  } W19 {  } W20 {  } W21 {  } W22 {  } W23 {  } W24 {  } W25 {  } W26 {  } W27 {  } W28 {  } W29 {  } W30 {  } W31 {  } W32 {  } W33 {  } W34 {  } W35 {  } W36 {  } W37 {  } W38 {  } W39 {  } W40 {  } W41 {  } W42 {  } W43 {  } W44 {  } W45 {  } W46 {  } W47 {  } W48 {  } W49 {  } W50 {  } W51 {  } W52 {  } W53 {  } W54 {  } W55 {  } W56 {  } W57 {  } W58 {  } W59 {  } W60 {  } W61 {  } W62 {  } W63 {  } W64 {  } W65 {  } W66 {  } W67 {  } W68 {  } W69 {  } W70 {  } W71 {  } W72 {  } W73 {  } W74 {  } W75 {  } W76 {  } W77 {  } W78 {  } W79 {  } W80 {  } W81 {  } W82 {  } W83 {  } W84 {  } W85 {  } W86 {  } W87 {  } W88 {  } W89 {  } W90 {  } W91 {  } W92 {  } W93 {  } W94 {  } W95 {  } W96 {  } W97 {  } W98 {  } W99 {  } W100 {  } W101 {  } W102 {  } W103 {  } W104 {  } W105 {  } W106 {  } W107 {  } W108 {  } W109 {  } W110 {  } W111 {  } W112 {  } W113 {  } W114 {  } W115 {  } W116 {  } W117 {  } W118 {  } W119 {  } W120 {  } W121 {  } W122 {  } W123 {  } W124 {  } W125 {  } W126 {  } W127 {  } W128 {  } W129 {  } W130 {  } W131 {  } W132 {  } W133 {  } W134 {  } W135 {  } W136 {  } W137 {  } W138 {  } W139 {  } W140 {  } W141 {  } W142 {  } W143 {  } W144 {  } W145 {  } W146 {  } W147 {  } W148 {  } W149 {  } W150 {  } W151 {  } W152 {  });
structure!({} g00::events::Delta8: signature, inner_ix, amount, accounts);
structure!({} g00::events::Heron9: depth, inner_ix, signature);
structure!({} g00::accounts::Delta10: 0, 1, 2);
structure!({T0: Tree} g01::types::Cedar0<T0>: 0, 1);
structure!({} g01::types::Grove2: 0, 1);
enumeration!({const N0: usize} g01::types::Jetty3<N0>: OrderXY0 { null: m0, name_: m1, result: m2 } Holder { 0: m0 });
structure!({} g01::types::Cedar4: 0, 1, 2);
enumeration!({} g01::types::Grove5: Islet0 {  });
enumeration!({} g01::events::Grove6: Pine_0 {  } OrderXY1 {  });
structure!({} g01::events::OrderXY7: remaining_accounts, accounts, event, label, f_slot, event5);
structure!({} g01::accounts::NodeV28: outer_ix, count, x, program, signature, depth, null, x7, remaining_accounts, amount);
structure!({} g02::types::OrderXY0: amount, remaining_accounts, result, ordinal, event, depth);
structure!({} g02::types::OrderXY1: 0);
enumeration!({} g02::types::Maple2: Larch0 {  } Amber1 {  });
enumeration!({const N0: usize} g02::types::Jetty3<N0>: Amber0 { tx_index: m0 } Cedar1 { remaining_accounts: m0, owner: m1, value: m2 } Ember2 { outer_ix: m0, amount: m1, amount2: m2 } Jetty3 {  } Pine_4 {  } Holder { 0: m0 });
structure!({T0: Tree, const N1: usize} g02::types::Kelp4<T0, N1>: x, event, kind, amount);
structure!({const N0: usize} g02::types::Heron5<N0>: result, block_time, depth, null);
structure!({} g02::types::Larch6: ordinal, inner_ix, tx_index, pubkey, f_slot);
structure!({} g02::events::Pine_7: 0, 1);
structure!({} g02::events::Kelp8: event, _y, slot, nodeId);
structure!({} g02::events::Jetty9: lamports, price, price2, value, tx_index, x, inner_ix, outer_ix, remaining_accounts, owner);
structure!({} g02::accounts::NodeV210: a1b2, owner, signature, result, program, null, nodeId, amount, inner_ix, lamports);
structure!({} g03::types::Fjord0: 0);
structure!({const N0: usize} g03::types::Amber1<N0>: x, a1b2);
structure!({} g03::types::Kelp2: 0, 1, 2);
enumeration!({} g03::types::OrderXY3: Ember0 {  } Maple1 {  } Amber2 { depth: m0 } Maple3 { 0: m0 });
enumeration!({} g03::types::Amber4: OrderXY0 {  } Amber1 {  } Jetty2 {  } Cedar3 {  } Jetty4 {  });
structure!({T0: Tree} g03::types::Kelp5<T0>: 0, 1, 2, 3);
structure!({} g03::events::Cedar7: name_, nodeId, label, depth, event, x, inner_ix, name_7, amount, null);
enumeration!({} g03::events::Cedar8: Cedar0 { tx_index: m0, a1b2: m1 } Larch1 { null: m0, owner: m1, accounts: m2 } Cedar2 {  });
structure!({} g03::events::Amber9: tx_index, kind, tx_index2, depth, _y);
structure!({} g03::accounts::Jetty10: kind, ordinal, event, ordinal3);
structure!({} g03::accounts::Fjord11: pubkey, label, block_time, value, nodeId, result, a1b2);
structure!({} g04::types::Larch0: 0);
structure!({const N0: usize} g04::types::Birch1<N0>: data, name_, ordinal, program, event, a1b2);
enumeration!({} g04::types::Grove2: Heron0 { _y: m0, pubkey: m1, amount: m2 } Maple1 { label: m0, accounts: m1, pubkey: m2 } Fjord2 {  });
structure!({T0: Tree} g04::types::OrderXY3<T0>: 0, 1, 2);
structure!({T0: Tree, const N1: usize} g04::types::Heron4<T0, N1>: inner_ix, program, event);
enumeration!({} g04::types::Maple5: OrderXY0 {  } Maple1 {  } Larch2 {  } Islet3 {  } Islet4 {  });
structure!({} g04::events::Ember6: depth, pubkey, value, lamports);
structure!({} g04::events::Birch7: f_slot, block_time, block_time2, owner, owner4, tx_index, tx_index6, tx_index7, result, f_slot9);
structure!({} g04::events::Kelp8: name_, tx_index, label, inner_ix, signature, result);
structure!({} g04::accounts::Cedar9: null, inner_ix, pubkey, amount, remaining_accounts, nodeId, nodeId6, count);
structure!({} g04::accounts::Kelp10: ordinal, outer_ix, remaining_accounts, price, owner, inner_ix, ordinal6, x, outer_ix8, a1b2);
enumeration!({} g05::types::Birch0: Birch0 { 0: m0, 1: m1 } Jetty1 { 0: m0, 1: m1 } Ember2 { owner: m0 });
structure!({} g05::types::Cedar1: 0, 1);
structure!({const N0: usize} g05::types::Islet2<N0>: owner, a1b2, ordinal, price, null, x);
enumeration!({} g05::types::Pine_3: Jetty0 { lamports: m0 } Islet1 {  } Grove2 { nodeId: m0 } Jetty3 {  } Kelp4 {  });
structure!({} g05::events::Pine_4: );
structure!({} g05::events::Birch5: );
structure!({} g05::accounts::Jetty6: 0);
enumeration!({} g06::types::Larch0: Ember0 {  });
structure!({T0: Tree} g06::types::Pine_1<T0>: count, label, nodeId);
structure!({T0: Tree, const N1: usize} g06::types::Cedar2<T0, N1>: lamports, name_, pubkey, price);
enumeration!({const N0: usize} g06::types::Delta3<N0>: Jetty0 {  } Fjord1 { event: m0, a1b2: m1, slot: m2 } OrderXY2 { value: m0, remaining_accounts: m1 } Larch3 {  } Holder { 0: m0 });
structure!({} g06::events::Ember4: tx_index, lamports, x, kind, label, event, owner, program);
structure!({} g06::events::Cedar5: outer_ix, data, nodeId, x, name_, ordinal, count, ordinal7, program);
structure!({} g06::events::Birch6: event, _y, name_);
structure!({} g06::accounts::Ember7: event, x, ordinal, _y, inner_ix, price, x6, ordinal7, name_, amount);
structure!({} g06::accounts::Fjord8: tx_index, owner, name_, f_slot, a1b2, count, a1b26, pubkey, tx_index8, data);
structure!({} g07::types::Fjord0: 0, 1);
enumeration!({} g07::types::OrderXY1: Fjord0 {  } Cedar1 {  } NodeV22 {  } OrderXY3 {  });
structure!({} g07::types::Grove2: );
structure!({} g07::types::Cedar3: 0, 1, 2);
enumeration!({T0: Tree, const N1: usize} g07::types::Delta4<T0, N1>: OrderXY0 {  } Heron1 { 0: m0 } Kelp2 {  } Holder { 0: m0, 1: m1 });
structure!({} g07::events::Jetty5: accounts, owner, _y, lamports, inner_ix, accounts5);
structure!({} g07::events::Cedar6: );
structure!({} g07::accounts::Ember7: depth, program, amount, value);
enumeration!({T0: Tree, const N1: usize} g08::types::Larch0<T0, N1>: Delta0 { label: m0 } Holder { 0: m0, 1: m1 });
enumeration!({} g08::types::OrderXY1: Fjord0 { signature: m0, kind: m1 } Pine_1 { 0: m0 } Birch2 {  } Delta3 { label: m0 });
structure!({T0: Tree, const N1: usize} g08::types::Grove2<T0, N1>: 0, 1, 2, 3);
structure!({} g08::types::Maple3: );
enumeration!({} g08::types::NodeV24: W0 {  } W1 {  } W2 {  } W3 {  } W4 {  } W5 {  } W6 {  } W7 {  } W8 {  } W9 {  } W10 {  } W11 {  } W12 {  } W13 {  } W14 {  } W15 {  } W16 {  } W17 {  } W18 {  } W19 {  } W20 {  } W21 {  } W22 {  } W23 {  } W24 {  } W25 {  } W26 {  } W27 {  } W28 {  } W29 {  } W30 {  } W31 {  } W32 {  } W33 {  } W34 {  } W35 {  } W36 {  } W37 {  } W38 {  } W39 {  } W40 {  } W41 {  } W42 {  } W43 {  } W44 {  } W45 {  } W46 {  } W47 {  } W48 {  } W49 {  } W50 {  } W51 {  } W52 {  } W53 {  } W54 {  } W55 {  } W56 {  } W57 {  } W58 {  } W59 {  } W60 {  } W61 {  } W62 {  } W63 {  } W64 {  } W65 {  } W66 {  } W67 {  } W68 {  } W69 {  } W70 {  } W71 {  } W72 {  } W73 {  } W74 {  } W75 {  } W76 {  } W77 {  } W78 {  } W79 {  } W80 {  } W81 {  } W82 {  } W83 {  } W84 {  } W85 {  } W86 {  } W87 {  } W88 {  } W89 {  } W90 {  } W91 {  } W92 {  } W93 {  } W94 {  } W95 {  } W96 {  } W97 {  } W98 {  } W99 {  } W100 {  } W101 {  } W102 {  } W103 {  } W104 {  } W105 {  } W106 {  } W107 {  } W108 {  } W109 {  } W110 {  } W111 {  } W112 {  } W113 {  } W114 {  } W115 {  } W116 {  } W117 {  } W118 {  } W119 {  } W120 {  } W121 {  } W122 {  } W123 {  } W124 {  } W125 {  } W126 {  } W127 {  } W128 {  } W129 {  } W130 {  } W131 {  } W132 {  } W133 {  } W134 {  } W135 {  } W136 {  } W137 {  } W138 {  } W139 {  } W140 {  } W141 {  } W142 {  } W143 {  } W144 {  } W145 {  } W146 {  } W147 {  } W148 {  } W149 {  } W150 {  } W151 {  } W152 {  });
structure!({} g08::events::OrderXY5: owner, outer_ix, tx_index, f_slot, amount, outer_ix5, ordinal, remaining_accounts, kind, name_);
structure!({} g08::events::Pine_6: inner_ix, _y, accounts, name_, lamports, program, price, program7, inner_ix8);
structure!({} g08::events::Fjord7: );
structure!({} g08::accounts::Birch8: kind, pubkey, _y, value);
enumeration!({} g09::types::OrderXY0: Amber0 {  });
enumeration!({} g09::types::OrderXY1: Fjord0 { data: m0, null: m1, value: m2 });
structure!({} g09::types::Amber2: 0, 1);
structure!({} g09::types::Cedar3: event, count);
enumeration!({} g09::types::Larch4: Birch0 { tx_index: m0 } Grove1 {  } Birch2 { program: m0, block_time: m1 });
structure!({} g09::types::Jetty5: 0);
structure!({const N0: usize} g09::types::Maple6<N0>: lamports, owner);
structure!({} g09::events::Heron7: tx_index, event, _y, x, owner);
structure!({} g09::events::Grove8: inner_ix, a1b2, price, signature, data, null, value, remaining_accounts, accounts);
structure!({} g09::accounts::Jetty9: program, inner_ix, depth, value, x, name_, f_slot, accounts, amount);
structure!({} g09::accounts::Islet10: 0, 1);
structure!({} g10::types::Maple0: 0, 1);
structure!({} g10::types::Ember1: 0, 1, 2);
enumeration!({const N0: usize} g10::types::Pine_2<N0>: Islet0 {  } Kelp1 {  } Fjord2 { depth: m0, price: m1, event: m2 } Islet3 { 0: m0, 1: m1 } Holder { 0: m0 });
structure!({} g10::types::Delta3: 0, 1, 2);
structure!({} g10::events::Maple4: price, ordinal, event, owner, outer_ix, tx_index, owner6, price7, null, accounts);
structure!({} g10::events::Heron5: kind, accounts, label, label3, value, program, nodeId, name_);
structure!({} g10::events::Delta6: );
structure!({} g10::accounts::Maple7: inner_ix, slot, ordinal, slot3, price, event, remaining_accounts);
enumeration!({} g11::types::Grove0: Cedar0 {  } Grove1 {  } Fjord2 {  } Larch3 {  });
structure!({} g11::types::Jetty1: ordinal, pubkey, lamports, slot, signature, f_slot);
enumeration!({} g11::types::Ember2: Fjord0 {  });
enumeration!({T0: Tree} g11::types::Maple3<T0>: NodeV20 {  } Islet1 { a1b2: m0 } Pine_2 {  } Holder { 0: m0 });
enumeration!({const N0: usize} g11::types::Heron4<N0>: Birch0 { price: m0, slot: m1 } Holder { 0: m0 });
structure!({} g11::events::Jetty5: _y, result, a1b2, block_time, lamports, label, ordinal);
structure!({} g11::events::OrderXY6: depth, slot, accounts);
structure!({} g11::events::OrderXY7: _y, remaining_accounts, null, nodeId, name_, result);
structure!({} g11::accounts::Islet8: a1b2, accounts, count, remaining_accounts, null, f_slot, amount, program, tx_index);
structure!({} g12::types::NodeV20: program, amount, event, kind, signature, owner);
structure!({} g12::types::Kelp1: );
structure!({} g12::types::Ember2: 0);
enumeration!({} g12::types::Amber3: Kelp0 { pubkey: m0, program: m1, inner_ix: m2 });
structure!({} g12::events::Larch4: null, depth, remaining_accounts, result, depth4, _y, data, signature, owner);
structure!({} g12::events::Birch5: 0);
structure!({} g12::accounts::Birch6: lamports, slot, signature, _y, data, signature5, event, signature7);
structure!({} g12::accounts::Heron7: 0);
structure!({} g13::types::Fjord0: 0);
enumeration!({} g13::types::OrderXY1: Grove0 {  });
structure!({T0: Tree, const N1: usize} g13::types::Fjord2<T0, N1>: 0, 1, 2, 3, 4);
structure!({T0: Tree, const N1: usize} g13::types::Kelp3<T0, N1>: 0, 1, 2);
structure!({} g13::events::Amber4: block_time, x, name_, pubkey, signature, remaining_accounts, block_time6);
structure!({} g13::events::Delta5: price, count, null);
structure!({} g13::events::OrderXY6: remaining_accounts, a1b2, kind, label, result, f_slot, label6, price);
structure!({} g13::accounts::Jetty7: null, nodeId, x);
structure!({T0: Tree, const N1: usize} g14::types::Kelp0<T0, N1>: 0, 1, 2, 3);
structure!({T0: Tree, const N1: usize} g14::types::Larch1<T0, N1>: 0, 1, 2, 3, 4);
structure!({const N0: usize} g14::types::Grove2<N0>: 0, 1);
structure!({} g14::types::Larch3: 0, 1);
structure!({} g14::events::NodeV24: x, _y, x2, owner, name_, lamports);
structure!({} g14::events::Heron5: f_slot, result, slot, owner, count, outer_ix, name_, value);
structure!({} g14::accounts::Delta6: a1b2, block_time, name_, lamports, null, owner);
structure!({} g14::accounts::Cedar7: outer_ix, amount, name_, name_3, remaining_accounts, value);
structure!({T0: Tree} g15::types::Islet0<T0>: accounts, accounts1, depth);
structure!({} g15::types::Jetty1: result, tx_index);
structure!({T0: Tree, const N1: usize} g15::types::OrderXY2<T0, N1>: value, owner, lamports, null, name_, kind);
enumeration!({const N0: usize} g15::types::Heron3<N0>: Jetty0 { price: m0, ordinal: m1 } Holder { 0: m0 });
structure!({} g15::types::Amber4: 0);
structure!({} g15::types::Ember5: tx_index, price, ordinal, count, kind);
enumeration!({} g15::types::Grove6: Larch0 {  });
structure!({} g15::events::Fjord7: accounts, signature, data, name_, name_4, x, signature6);
enumeration!({} g15::events::Birch8: Kelp0 { 0: m0 } Delta1 { slot: m0 } Fjord2 {  });
structure!({} g15::accounts::NodeV29: outer_ix, null, x, null3, program, block_time);
structure!({} g15::accounts::Islet10: result, inner_ix, a1b2, _y, a1b24, tx_index, accounts, program);
enumeration!({} g16::types::Cedar0: OrderXY0 { remaining_accounts: m0, pubkey: m1, slot: m2 } Heron1 {  } Maple2 { 0: m0, 1: m1 } Delta3 { value: m0, pubkey: m1 } Grove4 {  });
structure!({T0: Tree, const N1: usize} g16::types::OrderXY1<T0, N1>: depth, outer_ix, ordinal, null, lamports, remaining_accounts, price);
enumeration!({} g16::types::Amber2: Heron0 {  } Jetty1 {  } Amber2 {  } Heron3 {  });
enumeration!({T0: Tree} g16::types::NodeV24<T0>: Ember0 { data: m0, program: m1, amount: m2 } Larch1 { 0: m0, 1: m1 } Birch2 {  } Fjord3 {  } Birch4 {  } Holder { 0: m0 });
structure!({T0: Tree, const N1: usize} g16::types::Islet5<T0, N1>: nodeId, a1b2, result, inner_ix);
enumeration!({} g16::types::Grove6: W0 {  } W1 {  } W2 {  } W3 {  } W4 {  } W5 {  } W6 {  } W7 {  } W8 {  } W9 {  } W10 {  } W11 {  } W12 {  } W13 {  } W14 {  } W15 {  } W16 {  } W17 {  } W18 {  } W19 {  } W20 {  } W21 {  } W22 {  } W23 {  } W24 {  } W25 {  } W26 {  } W27 {  } W28 {  } W29 {  } W30 {  } W31 {  } W32 {  } W33 {  } W34 {  } W35 {  } W36 {  } W37 {  } W38 {  } W39 {  } W40 {  } W41 {  } W42 {  } W43 {  } W44 {  } W45 {  } W46 {  } W47 {  } W48 {  } W49 {  } W50 {  } W51 {  } W52 {  } W53 {  } W54 {  } W55 {  } W56 {  } W57 {  } W58 {  } W59 {  } W60 {  } W61 {  } W62 {  } W63 {  } W64 {  } W65 {  } W66 {  } W67 {  } W68 {  } W69 {  } W70 {  } W71 {  } W72 {  } W73 {  } W74 {  } W75 {  } W76 {  } W77 {  } W78 {  } W79 {  } W80 {  } W81 {  } W82 {  } W83 {  } W84 {  } W85 {  } W86 {  } W87 {  } W88 {  } W89 {  } W90 {  } W91 {  } W92 {  } W93 {  } W94 {  } W95 {  } W96 {  } W97 {  } W98 {  } W99 {  } W100 {  } W101 {  } W102 {  } W103 {  } W104 {  } W105 {  } W106 {  } W107 {  } W108 {  } W109 {  } W110 {  } W111 {  } W112 {  } W113 {  } W114 {  } W115 {  } W116 {  } W117 {  } W118 {  } W119 {  } W120 {  } W121 {  } W122 {  } W123 {  } W124 {  } W125 {  } W126 {  } W127 {  } W128 {  } W129 {  } W130 {  } W131 {  } W132 {  } W133 {  } W134 {  } W135 {  } W136 {  } W137 {  } W138 {  } W139 {  } W140 {  } W141 {  } W142 {  } W143 {  } W144 {  } W145 {  } W146 {  } W147 {  } W148 {  } W149 {  } W150 {  } W151 {  } W152 {  } W153 {  } W154 {  } W155 {  } W156 {  } W157 {  } W158 {  } W159 {  } W160 {  } W161 {  } W162 {  } W163 {  } W164 {  } W165 {  } W166 {  } W167 {  } W168 {  } W169 {  } W170 {  } W171 {  } W172 {  } W173 {  } W174 {  } W175 {  } W176 {  } W177 {  } W178 {  } W179 {  } W180 {  } W181 {  } W182 {  });
structure!({} g16::events::Islet7: owner, depth, null, tx_index, kind, f_slot, result, kind7, signature);
structure!({} g16::events::Grove8: program, program1, slot);
structure!({} g16::events::Ember9: _y, remaining_accounts, outer_ix, block_time, ordinal, _y5, event, kind);
structure!({} g16::accounts::Larch10: 0, 1, 2);
enumeration!({const N0: usize} g17::types::Ember0<N0>: Birch0 { ordinal: m0 } Holder { 0: m0 });
structure!({} g17::types::Heron1: );
enumeration!({T0: Tree} g17::types::Pine_2<T0>: Heron0 {  } Heron1 {  } Grove2 { _y: m0, count: m1 } NodeV23 {  } Pine_4 { 0: m0, 1: m1 } Holder { 0: m0 });
structure!({} g17::types::Birch3: 0, 1, 2);
structure!({} g17::types::Grove4: 0);
enumeration!({} g17::types::Grove5: Ember0 { 0: m0 } Grove1 { owner: m0, signature: m1, event: m2 } Fjord2 { 0: m0, 1: m1 } Birch3 { program: m0, value: m1 } Delta4 {  });
structure!({T0: Tree, const N1: usize} g17::types::Grove6<T0, N1>: owner, tx_index, slot, slot3, label, signature);
structure!({} g17::events::Cedar7: pubkey, owner, owner2, tx_index, event, x, block_time, null, slot);
structure!({} g17::events::NodeV28: inner_ix, price, f_slot, depth, label, name_);
structure!({} g17::events::Larch9: data, null, lamports, _y, result);
structure!({} g17::accounts::Ember10: owner, null, kind, amount);
enumeration!({} g18::types::Islet0: Maple0 { inner_ix: m0 } Larch1 {  } Jetty2 {  });
enumeration!({} g18::types::Kelp1: Ember0 {  });
structure!({const N0: usize} g18::types::Ember2<N0>: 0, 1, 2);
structure!({T0: Tree, const N1: usize} g18::types::Birch3<T0, N1>: tx_index, null, outer_ix, inner_ix, result, event, result6, count);
structure!({} g18::events::Pine_4: label, inner_ix, inner_ix2, a1b2, result, slot, data, amount, amount8, inner_ix9);
structure!({} g18::events::Ember5: block_time, result, accounts, inner_ix, data, null, signature, null7, program);
enumeration!({} g18::events::Grove6: Heron0 { value: m0 } Heron1 {  } OrderXY2 { 0: m0, 1: m1 });
structure!({} g18::accounts::Pine_7: x, remaining_accounts, result, _y, remaining_accounts4);
structure!({} g18::accounts::Amber8: f_slot, owner, remaining_accounts, slot, value);
enumeration!({} g19::types::Birch0: OrderXY0 {  } Maple1 { a1b2: m0 } OrderXY2 { value: m0, remaining_accounts: m1, result: m2 });
enumeration!({} g19::types::Jetty1: NodeV20 { tx_index: m0 } Grove1 {  } Heron2 {  } Fjord3 { 0: m0 } Pine_4 { 0: m0 });
enumeration!({} g19::types::Cedar2: OrderXY0 { kind: m0, f_slot: m1, label: m2 } NodeV21 { 0: m0 });
structure!({T0: Tree} g19::types::Grove4<T0>: pubkey, null, tx_index, value, inner_ix, amount, _y);
enumeration!({const N0: usize} g19::types::Maple5<N0>: Jetty0 {  } Holder { 0: m0 });
structure!({} g19::types::Cedar6: );
enumeration!({} g19::events::Birch7: Pine_0 {  } Birch1 { null: m0 } Kelp2 { 0: m0, 1: m1 } Ember3 { a1b2: m0, inner_ix: m1, a1b22: m2 });
structure!({} g19::events::Pine_8: 0, 1, 2);
structure!({} g19::events::Heron9: outer_ix, name_, a1b2, f_slot, program, tx_index, depth, amount, f_slot8, value);
structure!({} g19::accounts::Birch10: count, inner_ix, slot, kind, slot4, nodeId, count6);
structure!({} g19::accounts::Maple11: remaining_accounts, null, label, nodeId, lamports, outer_ix, count, owner, count8);
enumeration!({} g20::types::Pine_0: Amber0 { event: m0 } Delta1 { depth: m0, program: m1 } Heron2 {  } Amber3 { signature: m0, pubkey: m1 });
enumeration!({} g20::types::Maple1: Islet0 { slot: m0 });
structure!({const N0: usize} g20::types::Larch2<N0>: null, ordinal, x, value, remaining_accounts);
structure!({const N0: usize} g20::types::Grove3<N0>: 0, 1, 2);
structure!({} g20::events::Birch4: count, f_slot, result);
structure!({} g20::events::Heron5: null, amount, ordinal, accounts, name_, block_time, x, depth, price, amount9);
structure!({} g20::accounts::Grove6: count, accounts, x, amount, inner_ix);
structure!({} g21::types::Amber0: 0, 1, 2);
structure!({const N0: usize} g21::types::Larch1<N0>: 0, 1, 2);
enumeration!({} g21::types::Delta2: Birch0 { label: m0, program: m1 } Birch1 {  } Kelp2 {  } Kelp3 { 0: m0 });
structure!({} g21::types::Islet3: 0, 1, 2);
structure!({} g21::events::Maple4: );
structure!({} g21::events::NodeV25: a1b2, block_time, name_, data, f_slot, null, program, block_time7, nodeId, owner);
structure!({} g21::accounts::Delta6: count, price, x, pubkey, kind, depth, result, slot, pubkey8);
structure!({} g21::accounts::Delta7: amount, slot, event, accounts, tx_index, signature, ordinal);
structure!({} g22::types::Fjord0: 0, 1, 2);
structure!({} g22::types::Maple1: 0, 1);
structure!({const N0: usize} g22::types::Ember2<N0>: outer_ix, count, f_slot, depth, block_time, nodeId);
enumeration!({} g22::types::NodeV23: NodeV20 {  } Grove1 {  } Cedar2 {  } Maple3 {  });
structure!({T0: Tree} g22::types::Amber4<T0>: accounts, data, _y);
structure!({} g22::types::Jetty5: 0);
enumeration!({} g22::events::NodeV26: Fjord0 { count: m0 });
structure!({} g22::events::Ember7: x, label, amount, f_slot, inner_ix);
structure!({} g22::events::Grove8: 0, 1, 2);
structure!({} g22::accounts::Larch9: count, price, _y, data, x, accounts, lamports, value, data8);
structure!({} g22::accounts::Ember10: slot, result, kind);
enumeration!({T0: Tree, const N1: usize} g23::types::OrderXY0<T0, N1>: Pine_0 { price: m0, program: m1 } Holder { 0: m0, 1: m1 });
structure!({} g23::types::Delta1: );
structure!({const N0: usize} g23::types::Kelp2<N0>: 0, 1, 2);
structure!({} g23::types::Birch3: owner, outer_ix);
enumeration!({} g23::types::Maple4: Jetty0 { data: m0, count: m1 } Heron1 {  } Kelp2 { owner: m0 } Cedar3 { slot: m0, accounts: m1 });
enumeration!({} g23::types::Pine_5: Pine_0 {  } Pine_1 { program: m0, count: m1, _y: m2 } Larch2 { 0: m0 } Pine_3 {  });
structure!({} g23::types::Grove6: lamports, slot);
structure!({} g23::events::Heron7: value, owner, program, accounts, event, ordinal, ordinal6, f_slot, label, price);
structure!({} g23::events::Amber8: 0, 1, 2);
structure!({} g23::events::Ember9: price, event, inner_ix, null, f_slot);
structure!({} g23::accounts::Kelp10: _y, null, depth, _y3, slot, _y5, value, amount, null8);
structure!({} g23::accounts::Maple11: value, data, depth, lamports, null, null5, x, x7);

pub(crate) fn events() -> Vec<Case> {
    vec![
        Case::of::<g00::events::Delta8>("g00", "Delta8"),
        Case::of::<g00::events::Heron9>("g00", "Heron9"),
        Case::of::<g01::events::Grove6>("g01", "Grove6"),
        Case::of::<g01::events::OrderXY7>("g01", "OrderXY7"),
        Case::of::<g02::events::Pine_7>("g02", "Pine_7"),
        Case::of::<g02::events::Kelp8>("g02", "Kelp8"),
        Case::of::<g02::events::Jetty9>("g02", "Jetty9"),
        Case::of::<g03::events::Cedar7>("g03", "Cedar7"),
        Case::of::<g03::events::Cedar8>("g03", "Cedar8"),
        Case::of::<g03::events::Amber9>("g03", "Amber9"),
        Case::of::<g04::events::Ember6>("g04", "Ember6"),
        Case::of::<g04::events::Birch7>("g04", "Birch7"),
        Case::of::<g04::events::Kelp8>("g04", "Kelp8"),
        Case::of::<g05::events::Pine_4>("g05", "Pine_4"),
        Case::of::<g05::events::Birch5>("g05", "Birch5"),
        Case::of::<g06::events::Ember4>("g06", "Ember4"),
        Case::of::<g06::events::Cedar5>("g06", "Cedar5"),
        Case::of::<g06::events::Birch6>("g06", "Birch6"),
        Case::of::<g07::events::Jetty5>("g07", "Jetty5"),
        Case::of::<g07::events::Cedar6>("g07", "Cedar6"),
        Case::of::<g08::events::OrderXY5>("g08", "OrderXY5"),
        Case::of::<g08::events::Pine_6>("g08", "Pine_6"),
        Case::of::<g08::events::Fjord7>("g08", "Fjord7"),
        Case::of::<g09::events::Heron7>("g09", "Heron7"),
        Case::of::<g09::events::Grove8>("g09", "Grove8"),
        Case::of::<g10::events::Maple4>("g10", "Maple4"),
        Case::of::<g10::events::Heron5>("g10", "Heron5"),
        Case::of::<g10::events::Delta6>("g10", "Delta6"),
        Case::of::<g11::events::Jetty5>("g11", "Jetty5"),
        Case::of::<g11::events::OrderXY6>("g11", "OrderXY6"),
        Case::of::<g11::events::OrderXY7>("g11", "OrderXY7"),
        Case::of::<g12::events::Larch4>("g12", "Larch4"),
        Case::of::<g12::events::Birch5>("g12", "Birch5"),
        Case::of::<g13::events::Amber4>("g13", "Amber4"),
        Case::of::<g13::events::Delta5>("g13", "Delta5"),
        Case::of::<g13::events::OrderXY6>("g13", "OrderXY6"),
        Case::of::<g14::events::NodeV24>("g14", "NodeV24"),
        Case::of::<g14::events::Heron5>("g14", "Heron5"),
        Case::of::<g15::events::Fjord7>("g15", "Fjord7"),
        Case::of::<g15::events::Birch8>("g15", "Birch8"),
        Case::of::<g16::events::Islet7>("g16", "Islet7"),
        Case::of::<g16::events::Grove8>("g16", "Grove8"),
        Case::of::<g16::events::Ember9>("g16", "Ember9"),
        Case::of::<g17::events::Cedar7>("g17", "Cedar7"),
        Case::of::<g17::events::NodeV28>("g17", "NodeV28"),
        Case::of::<g17::events::Larch9>("g17", "Larch9"),
        Case::of::<g18::events::Pine_4>("g18", "Pine_4"),
        Case::of::<g18::events::Ember5>("g18", "Ember5"),
        Case::of::<g18::events::Grove6>("g18", "Grove6"),
        Case::of::<g19::events::Birch7>("g19", "Birch7"),
        Case::of::<g19::events::Pine_8>("g19", "Pine_8"),
        Case::of::<g19::events::Heron9>("g19", "Heron9"),
        Case::of::<g20::events::Birch4>("g20", "Birch4"),
        Case::of::<g20::events::Heron5>("g20", "Heron5"),
        Case::of::<g21::events::Maple4>("g21", "Maple4"),
        Case::of::<g21::events::NodeV25>("g21", "NodeV25"),
        Case::of::<g22::events::NodeV26>("g22", "NodeV26"),
        Case::of::<g22::events::Ember7>("g22", "Ember7"),
        Case::of::<g22::events::Grove8>("g22", "Grove8"),
        Case::of::<g23::events::Heron7>("g23", "Heron7"),
        Case::of::<g23::events::Amber8>("g23", "Amber8"),
        Case::of::<g23::events::Ember9>("g23", "Ember9"),
    ]
}


pub(crate) fn accounts() -> Vec<Case> {
    vec![
        Case::of::<g00::accounts::Delta10>("g00", "Delta10"),
        Case::of::<g01::accounts::NodeV28>("g01", "NodeV28"),
        Case::of::<g02::accounts::NodeV210>("g02", "NodeV210"),
        Case::of::<g03::accounts::Jetty10>("g03", "Jetty10"),
        Case::of::<g03::accounts::Fjord11>("g03", "Fjord11"),
        Case::of::<g04::accounts::Cedar9>("g04", "Cedar9"),
        Case::of::<g04::accounts::Kelp10>("g04", "Kelp10"),
        Case::of::<g05::accounts::Jetty6>("g05", "Jetty6"),
        Case::of::<g06::accounts::Ember7>("g06", "Ember7"),
        Case::of::<g06::accounts::Fjord8>("g06", "Fjord8"),
        Case::of::<g07::accounts::Ember7>("g07", "Ember7"),
        Case::of::<g08::accounts::Birch8>("g08", "Birch8"),
        Case::of::<g09::accounts::Jetty9>("g09", "Jetty9"),
        Case::of::<g09::accounts::Islet10>("g09", "Islet10"),
        Case::of::<g10::accounts::Maple7>("g10", "Maple7"),
        Case::of::<g11::accounts::Islet8>("g11", "Islet8"),
        Case::of::<g12::accounts::Birch6>("g12", "Birch6"),
        Case::of::<g12::accounts::Heron7>("g12", "Heron7"),
        Case::of::<g13::accounts::Jetty7>("g13", "Jetty7"),
        Case::of::<g14::accounts::Delta6>("g14", "Delta6"),
        Case::of::<g14::accounts::Cedar7>("g14", "Cedar7"),
        Case::of::<g15::accounts::NodeV29>("g15", "NodeV29"),
        Case::of::<g15::accounts::Islet10>("g15", "Islet10"),
        Case::of::<g16::accounts::Larch10>("g16", "Larch10"),
        Case::of::<g17::accounts::Ember10>("g17", "Ember10"),
        Case::of::<g18::accounts::Pine_7>("g18", "Pine_7"),
        Case::of::<g18::accounts::Amber8>("g18", "Amber8"),
        Case::of::<g19::accounts::Birch10>("g19", "Birch10"),
        Case::of::<g19::accounts::Maple11>("g19", "Maple11"),
        Case::of::<g20::accounts::Grove6>("g20", "Grove6"),
        Case::of::<g21::accounts::Delta6>("g21", "Delta6"),
        Case::of::<g21::accounts::Delta7>("g21", "Delta7"),
        Case::of::<g22::accounts::Larch9>("g22", "Larch9"),
        Case::of::<g22::accounts::Ember10>("g22", "Ember10"),
        Case::of::<g23::accounts::Kelp10>("g23", "Kelp10"),
        Case::of::<g23::accounts::Maple11>("g23", "Maple11"),
    ]
}


pub(crate) fn instructions() -> Vec<Case> {
    vec![
        Case::of::<g00::client::args::Pay20>("g00", "pay20"),
        Case::of::<g01::client::args::Close0>("g01", "close0"),
        Case::of::<g01::client::args::Open1>("g01", "open1"),
        Case::of::<g02::client::args::Open0>("g02", "open0"),
        Case::of::<g03::client::args::InitLb0>("g03", "init_lb0"),
        Case::of::<g03::client::args::Open1>("g03", "open1"),
        Case::of::<g04::client::args::Open0>("g04", "open0"),
        Case::of::<g04::client::args::Open1>("g04", "open1"),
        Case::of::<g05::client::args::Close0>("g05", "close0"),
        Case::of::<g05::client::args::Open1>("g05", "open1"),
        Case::of::<g06::client::args::InitLb0>("g06", "init_lb0"),
        Case::of::<g07::client::args::Close0>("g07", "close0"),
        Case::of::<g08::client::args::Close0>("g08", "close0"),
        Case::of::<g08::client::args::Pay21>("g08", "pay21"),
        Case::of::<g09::client::args::SwapV0>("g09", "swap_v0"),
        Case::of::<g09::client::args::SwapV1>("g09", "swap_v1"),
        Case::of::<g10::client::args::Close0>("g10", "close0"),
        Case::of::<g11::client::args::SwapV0>("g11", "swap_v0"),
        Case::of::<g12::client::args::Open0>("g12", "open0"),
        Case::of::<g13::client::args::InitLb0>("g13", "init_lb0"),
        Case::of::<g13::client::args::SwapV1>("g13", "swap_v1"),
        Case::of::<g14::client::args::Pay20>("g14", "pay20"),
        Case::of::<g14::client::args::Close1>("g14", "close1"),
        Case::of::<g15::client::args::Open0>("g15", "open0"),
        Case::of::<g15::client::args::Open1>("g15", "open1"),
        Case::of::<g16::client::args::SwapV0>("g16", "swap_v0"),
        Case::of::<g16::client::args::Open1>("g16", "open1"),
        Case::of::<g17::client::args::InitLb0>("g17", "init_lb0"),
        Case::of::<g17::client::args::Close1>("g17", "close1"),
        Case::of::<g18::client::args::Close0>("g18", "close0"),
        Case::of::<g18::client::args::SwapV1>("g18", "swap_v1"),
        Case::of::<g19::client::args::Open0>("g19", "open0"),
        Case::of::<g20::client::args::InitLb0>("g20", "init_lb0"),
        Case::of::<g20::client::args::Close1>("g20", "close1"),
        Case::of::<g21::client::args::InitLb0>("g21", "init_lb0"),
        Case::of::<g22::client::args::SwapV0>("g22", "swap_v0"),
        Case::of::<g22::client::args::SwapV1>("g22", "swap_v1"),
        Case::of::<g23::client::args::Pay20>("g23", "pay20"),
        Case::of::<g23::client::args::Pay21>("g23", "pay21"),
    ]
}

structure!({} g00::client::args::Pay20: );
structure!({} g01::client::args::Close0: label, null, a1b2, signature);
structure!({} g01::client::args::Open1: count);
structure!({} g02::client::args::Open0: );
structure!({} g03::client::args::InitLb0: data, depth);
structure!({} g03::client::args::Open1: _y, block_time, outer_ix, slot);
structure!({} g04::client::args::Open0: event, event1, value, value3);
structure!({} g04::client::args::Open1: event);
structure!({} g05::client::args::Close0: );
structure!({} g05::client::args::Open1: label);
structure!({} g06::client::args::InitLb0: f_slot, lamports, _y, block_time);
structure!({} g07::client::args::Close0: accounts);
structure!({} g08::client::args::Close0: f_slot, remaining_accounts, program);
structure!({} g08::client::args::Pay21: outer_ix);
structure!({} g09::client::args::SwapV0: pubkey, remaining_accounts, nodeId, block_time);
structure!({} g09::client::args::SwapV1: );
structure!({} g10::client::args::Close0: tx_index, remaining_accounts, tx_index2);
structure!({} g11::client::args::SwapV0: tx_index, signature);
structure!({} g12::client::args::Open0: name_);
structure!({} g13::client::args::InitLb0: depth, nodeId, accounts, price);
structure!({} g13::client::args::SwapV1: data);
structure!({} g14::client::args::Pay20: data, accounts, event, owner);
structure!({} g14::client::args::Close1: );
structure!({} g15::client::args::Open0: );
structure!({} g15::client::args::Open1: remaining_accounts, accounts, accounts2);
structure!({} g16::client::args::SwapV0: block_time, tx_index);
structure!({} g16::client::args::Open1: signature);
structure!({} g17::client::args::InitLb0: price);
structure!({} g17::client::args::Close1: accounts);
structure!({} g18::client::args::Close0: count);
structure!({} g18::client::args::SwapV1: block_time);
structure!({} g19::client::args::Open0: value, inner_ix, program);
structure!({} g20::client::args::InitLb0: depth, x);
structure!({} g20::client::args::Close1: count, lamports, name_, pubkey);
structure!({} g21::client::args::InitLb0: owner, nodeId, inner_ix);
structure!({} g22::client::args::SwapV0: value, owner);
structure!({} g22::client::args::SwapV1: );
structure!({} g23::client::args::Pay20: depth, accounts);
structure!({} g23::client::args::Pay21: block_time, accounts);
