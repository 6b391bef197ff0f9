-- earlier_card_use: what was booked on each credit card on earlier days?
--
-- One row per card and code of shop, of the days that had come when this was built; card_spending says what the columns are.
select
    uses.*,
    {{ as_of_column() }}
from (
    {{ card_use_of('biz_date <= ' ~ late_to('cards.card_transactions')) }}
) as uses
