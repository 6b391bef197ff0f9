-- earlier_app_use: how much did each customer use the mobile bank on earlier days?
--
-- One row per customer with a log-in, of the days that had come when this was built; app_use says what the columns are.
select
    uses.*,
    {{ as_of_column() }}
from (
    {{ app_use_of('biz_date <= ' ~ late_to('channels.app_activity')) }}
) as uses
