-- earlier_payments: which transactions of earlier days tell by their texts what they were for?
--
-- One row per transaction, those reversed later too: recognised_payments, which says what counts, leaves them out.
select
    payments.*,
    {{ as_of_column() }}
from (
    {{ payments_told_by_texts('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as payments
