-- earlier_fees: which fees were taken, or given back, on earlier days?
--
-- One row per booking, those reversed later too: customer_contributions, which says what counts, leaves them out.
select
    fees.*,
    {{ as_of_column() }}
from (
    {{ fee_bookings('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as fees
