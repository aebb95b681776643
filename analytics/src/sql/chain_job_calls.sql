SELECT slot, tx_index, outer_ix, inner_ix, hex(data) AS data FROM instructions
WHERE (slot, tx_index, outer_ix, inner_ix) IN ({places}) AND result = 'ok'
