-- stg_acquiring__merchants: which merchants take payments through the bank?
--
-- One row per merchant_id, closed merchants included.
{{ newest_snapshot(source('acquiring', 'merchants')) }}
