-- later_movements: what went to, or came from, other banks and the like after the earlier days?
--
-- One row per transaction, those reversed later too: outside_movements, which says what counts, leaves them out.
{{ movements('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
