-- earlier_own_transfers: what was moved between here and the own name at other banks on earlier days?
--
-- One row per transfer, those reversed later too: own_name_transfers, which says what counts, leaves them out.
select
    moves.*,
    {{ as_of_column() }}
from (
    {{ own_name_moves('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as moves
