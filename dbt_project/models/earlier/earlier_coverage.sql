-- earlier_coverage: from which day on were balances complete when earlier days were built?
--
-- One row for the whole bank, as in data_coverage; null when nothing is built ahead.
select
    coverage.balances_from,
    {{ as_of_column() }}
from (
    {{ balances_from('biz_date <= ' ~ earlier_to()) }}
) as coverage
