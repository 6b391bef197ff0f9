"""Words of an invented place: nobody and nothing here exists."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def _words(text: str) -> list[str]:
    return text.split()


SURNAMES = [
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏",
    *"钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文",
]
MALE = list("伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆雄建国志海峰林东亮新民永福生贵云山河清")
FEMALE = list("芳娜敏静丽艳娟霞秀英玲桂兰红梅燕萍雪琳慧莹洁婷玉珍凤淑琴蓉欣怡佳瑶思雨晴月荷菊翠")
MIDDLE = list("小晓文志建国永玉春秋庆德家嘉子梓雨思佳明天海立正美")
COUNTIES = _words("南塘县 北岭区 青石县 临江区 云河县 白沙区 松坪县 东浦区 鹿鸣县 西渡区 苍梧岭县 莲湖镇区")
TOWNS = _words("城关 柳林 石桥 双河 清水 龙泉 太平 高桥 新兴 金盆 大湾 黄泥 红旗 和平 长滩 凤凰 白鹤 竹溪 梅岭 沙坝")
STREETS = _words("人民路 解放街 建设路 文化路 中山街 滨河路 朝阳路 学府路 迎宾大道 新华街 光明巷 团结路 幸福街 桂花巷")
ESTATES = ["锦绣苑", "阳光花园", "翠湖小区", "金水湾", "和谐家园", "书香名邸", "东城国际", "凤凰里"]
VILLAGE_WORDS = _words(
    "张家湾 李家坪 王家沟 石门 柳树 双龙 三江 青冈 白果 桃园 杏花 马鞍 龙潭 新建 前进 红星 水口 大塘 上坝"
)
TRADES = [  # (word in the shop's name, mcc, median daily takings in CNY, weekend factor, is it closed on Sundays)
    ("便利店", "5411", 900, 1.1, False),
    ("超市", "5411", 3500, 1.3, False),
    ("餐馆", "5812", 1600, 1.4, False),
    ("面馆", "5814", 800, 1.1, False),
    ("水果店", "5499", 700, 1.2, False),
    ("服装店", "5651", 900, 1.6, False),
    ("药房", "5912", 1200, 1.0, False),
    ("五金建材", "5251", 1500, 0.8, True),
    ("美容院", "7230", 700, 1.4, False),
    ("汽修厂", "7538", 1800, 0.9, True),
    ("农资店", "5261", 1100, 0.9, False),
    ("幼儿园食堂", "8299", 1300, 0.2, True),
    ("宾馆", "7011", 2200, 1.2, False),
    ("文具店", "5943", 500, 0.8, True),
]
INDUSTRIES = ["批发零售", "住宿餐饮", "制造业", "建筑业", "农林牧渔", "居民服务", "交通运输", "教育", "卫生"]
EMPLOYER_WORDS = _words("恒达 瑞丰 金禾 华远 盛泰 明德 同心 天成 顺源 永兴 安泰 博远 嘉禾 联创")
EMPLOYER_KINDS = _words("建材公司 服饰公司 食品公司 电子科技公司 中学 人民医院 物流公司 农业合作社 水务公司 酒店")
OTHER_BANKS = ["工商银行", "农业银行", "建设银行", "中国银行", "邮储银行", "招商银行", "交通银行", "平安银行"]
WALLETS = ["财付通", "支付宝"]
PERSON_NAMES = 3000  # invented people at other banks
SPOTS = _words(
    "美团 滴滴出行 京东商城 中国石油加油站 中国移动 顺丰速运 瑞幸咖啡 永辉超市 人民医院 新华书店 丽人美容馆 小鹿母婴"
)


def person_names(rng: np.random.Generator, is_male: np.ndarray) -> np.ndarray:
    """Invented full names, an object array in the order of `is_male`."""
    rows = len(is_male)
    weights = 1 / (np.arange(len(SURNAMES)) + 4.0)
    surname = np.array(SURNAMES)[rng.choice(len(SURNAMES), rows, p=weights / weights.sum())]
    last = np.where(
        is_male,
        np.array(MALE)[rng.integers(len(MALE), size=rows)],
        np.array(FEMALE)[rng.integers(len(FEMALE), size=rows)],
    )
    middle = np.where(rng.random(rows) < 0.7, np.array(MIDDLE)[rng.integers(len(MIDDLE), size=rows)], "")
    return np.char.add(np.char.add(surname, middle), last)


class Words:
    """A growing word list with a code for each word; the codes are what the simulation carries."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self.array: pa.Array | None = None

    def add(self, *words: str) -> int:
        """Append words; the code of the first."""
        self.array = None
        self.list.extend(words)
        return len(self.list) - len(words)

    def arrow(self) -> pa.Array:
        if self.array is None:
            self.array = pa.array(self.list, pa.string())
        return self.array
