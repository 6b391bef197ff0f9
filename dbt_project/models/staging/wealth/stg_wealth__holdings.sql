-- stg_wealth__holdings: which investments do customers hold through the bank?
--
-- One row per holding_id, redeemed and matured ones included.
{{ newest_snapshot(source('wealth', 'holdings')) }}
