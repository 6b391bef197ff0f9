-- earlier_departures: what left for other banks and wallets on earlier days, and what came back?
--
-- One row per booking, those reversed later too: payroll_departures, which says what counts, leaves them out.
select
    moves.*,
    {{ as_of_column() }}
from (
    {{ departing_moves('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as moves
