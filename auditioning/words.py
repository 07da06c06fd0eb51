"""Small word lists of the offline rubric, written for this project: common English words, picture words, seeds.

They are short on purpose and open to reading; what a line holds beyond them does not count, in either direction.
"""

from __future__ import annotations

COMMON_ENGLISH = frozenset("""
first second third fourth half four five six seven eight nine ten hundred thousand million somewhere anywhere
everywhere nowhere ages age hence often heaven soul fire rain sun moon sky ocean lonely happy sad afraid quiet loud
white black blue red green warm hot dark bright deep shallow wide strong weak whose upon both few several across
toward towards around about shift ring kiss touch hurt pain hope fear joy tears smile laugh hello maybe almost
enough wild rough wind winds shake burn burning shine shines rise read write wrote listen watch wish gold golden
silver sweet a above after again against ago ain't all alone along already always am an and another any anybody
anymore anyone anything anyway are aren't as at away baby back bad be became because become been before began begin
behind believe below beneath beside best better between beyond big break bring broke broken but by call called came
can can't cannot cause change close come comes could couldn't cry dance day days dead did didn't die do does doesn't
doing don't done down dream dreams each easy else end even ever every everybody everyone everything eye eyes face
fall falling far fast feel feeling fight find fly follow for forever forget forgot found free from gave get getting
girl give go god goes going gone gonna good goodbye got gotta had hand hands hard has hasn't hate have haven't
having he he'd he'll he's hear heard heart held help her here here's herself hey high him himself his hold home how
i i'd i'll i'm i've if in inside into is isn't it it'd it'll it's its itself just keep kept kind knew know known
last late lay learn leave left less let let's lie life light like little live long look looking lose lost love loved
low made make man many may me mean might mind mine more morning most much must my myself name near need never new
next night no nobody none nor not nothing now o of off oh old on once one only or other our ours out over own part
past people place play please put quite ran real really remember right run running said same saw say says see seem
seen set shall shan't she she'd she'll she's should shouldn't show side since sing sit sleep slow so some somebody
someone something sometimes soon sorry stand start stay still stood stop such take taken talk tell than that that's
the thee their them themselves then there there's these they they'd they'll they're they've thing things think this
those thou though thought three through thy till time to today together told tomorrow tonight too took true try turn
two under until up us use very wait wake walk wanna want was wasn't way we we'd we'll we're we've well went were
weren't what what's whatever when where which while who whole whom why will with without woman won't word words
world would wouldn't wrong yeah year years yes yesterday yet you you'd you'll you're you've young your yours
yourself
""".split())

PICTURES_ENGLISH = frozenset("""
airport alley apple april arm arms ash asphalt august autumn bag balcony band bank bar basement bay beach bed
bedroom bell bells bench bike bird birds blanket blood boat boats bone bones book books boot boots bottle bough box
bread breast brick bridge bus button cab cafe cage cake camera candle candles captain car card cards cat ceiling
chain chair cheek chest church cigarette city clock cloud clouds coast coat coffee coin cold collar cool corn corner
couch crane cranes cup curtain daffodils dashboard daylight december desert desk diamond dirt dog door doors dove
dress drum dust ear earth elevator engine envelope eyelid farm father feather feathers feet fence ferry field fields
finger fingers fire fish flag flame floor flower flowers foam fog foot forest fruit furnace garage garden gate glass
gold grass gravel grave guitar gulls hair hall hallway hammer harbor harness hat headlights highway hill hills honey
horse hospital hotel house hut ice ink island jacket jeans july june key keys kitchen knee knife lake lamp lantern
lanterns leaf leaves letter letters lightning lily lip lips locket map market may metal milk mirror moon mother
mountain mouth mud neck needle neon newspaper ocean oranges orange oven page paint palm paper park parking pavement
pen phone photo photograph piano pillow plane platform pocket pool porch queue radio rail railing railway rain
rainbow receipt record ring river road robin roof room rope ropes rose roses sand scar school sea seat sea-shore
seed shadow sheets shelf ship shirt shoe shoes shop shore shoulder sidewalk signal silk silver sink sister skin
skirt sky smoke snow snowman soap sock soil song spark spoon stage stair stairs star stars station steam stone
stones storm stove street streetlight string suit suitcase summer sun sunday sunlight sweater table taxi tea tears
teeth television tent thorn thunder ticket tiger tide tin tomb tongue tower town toys track train tree trees truck
tunnel tyger umbrella valley van vase village violin voice wall walls water wave waves wheel wheels whiskey wind
window windows wine wing wings winter wire wood woods yard yellow
""".split())

PICTURES_KOREAN = tuple("""
가로등 가슴 가방 가을 간판 강물 강가 거리 거울 겨울 계단 고양이 골목 골짜기 광야 교실 구두 구름 국물 귤 그늘 그네
기차 길가 김밥 꽃 나무 나비 난로 눈물 눈동자 눈송이 노을 단풍 달빛 담벼락 대문 도시 등불 따뜻한 라디오 라면 마당
마루 매화 머리카락 모래 무릎 문틈 물결 바다 바람 밤하늘 방울 배낭 버스 벚꽃 베개 별 병 봄비 봉투 부엌 불빛 비행기
빗물 빗방울 빗소리 뺨 사진 산길 새벽 새 서랍 선풍기 소나기 소매 손가락 손목 손끝 손 수건 시계 식탁 신발 신호등 쌀
안개 약산 어깨 언덕 얼굴 얼음 엄마 여름 역 연필 열차 영수증 옷깃 옷장 외투 우산 운동화 유리 은행잎 의자 이불 이슬
입술 자전거 잎 장갑 장미 전화기 전화 전등 정류장 종이 주머니 지붕 지하철 진달래 창가 창문 창 책상 천장 첫눈 청포도
초 촛불 치마 칼 캔 커튼 커피 컵 택시 터널 트럭 티켓 편지 포도 포구 폭우 푸른 필름 하늘 학교 항구 햇살 호수 화분 흙
흰 파도 플랫폼 돛단배 은쟁반 모시 두레박 골짝 눈 비 달 해 산 강 돌 풀
""".split())

VOCABLES = frozenset("""
ah aah aw ay ayy da dee doo dum eh ey ha hah hey hm hmm ho hoo huh la lala lalala mm mmm na nana nanana oh ooh oooh
ohh oho ow sha shoo uh uhh um whoa woah wo woo yah yay yea yeah yo yup 라라 라라라 랄라 랄랄라 루루 뚜루 뚜 나나나
나나 라 우 우우 우우우 오 오오 오오오 아 아아 아아아 예 예이 워 워워 워어 음 음음 야 헤이 베이비
""".split())

KOREAN_ENDINGS = tuple("""
은 는 이 가 을 를 에 의 도 로 으로 와 과 만 며 면 서 고 지 네 나 니 다 라 요 죠 까 게 께 해 해요 야 아 어 여 워 줘
져 려 려고 에서 에게 한테 까지 부터 보다 처럼 마다 조차 마저 이나 이라 라도 든 던 할 한 될 된 갈 간 올 온 볼 본 줄
준 린 릴 난 날 낸 낼 운 울 은데 는데 ㄴ데 인데 텐데 거야 거지 건 걸 게요 께요 봐 자 자고 듯 듯이 랑 이랑 뿐 채 적 때
때문 속 위 앞 뒤 밤 말 맘 없이 같이 하나 그 저 내 너 우리 그대 다시 아직 또 더 못 안 왜 참 오늘 어제 내일 지금 모두
함께 혼자 그냥 매일 항상 언제 언젠가 어디 무엇 누구 음 옴 움 함 짐 림 김 임 옵니다 습니다 니다 리오 우리다 소서 구나
누나 으리 리라 노라 련만 건만 이여 여라 아라 어라 아서 어서
""".split())

COMMON_SYLLABLES = frozenset(
    "가간갈감갔강같개거걷걸것게겠겨결고곳공과관괜구국군그근글금기길김까깊까꼭꽃꿈끝나난날남낮내너널네넌녀노녹놀놓누눈느는늘능니"
    "다단달담당대더던데도돌동되된두둘드든들듯등디따때떠또뜨라락란랄람랑래러런럼렇레려력련령로록론료루르른를름리린림립마만많말맑맘맞"
    "매머먼멀멈멋메며면명모목몰못무문물뭐미민믿밀바박밖반받발밤방배백버번벌법벽변별보복본볼봄봐부북분불붉비빈빗빛빠뿐사산살상새"
    "생서선설섬성세소속손수숨쉬스슬슴습시식신실싫심싶써쓰씩아안않알앞애야약양어언얼엄없었에여역연열영예오온올와완외요용우운울움워원"
    "위유으은을음의이인일임입있잊자작잔잠잡장저적전절점정제져젖조족종좋주준줄중줘즈지직진질집짓짝차찬참창찾채처천첫초추춤치친"
    "카커켜코크큼키타터텅테통투트틈파편평포표푸품프피필하학한할함합해햇했행향허헤현형호혼화환활후흐흔흘희흰힘했쳐펴쁜쁘빨뜻뛰떨떤땐딸곁겁걱")

WARM = (
    "I am so happy and full of love",
    "joy, light, laughter and hope",
    "everything is beautiful tonight",
    "we are dancing in the sunshine",
    "너와 함께라서 행복해",
    "기쁨과 희망으로 가득한 밝은 날",
    "사랑해 고마워 웃음이 나",
    "눈부신 햇살 아래 춤을 춰",
)
COLD = (
    "I am so sad and full of pain",
    "tears, darkness, loneliness and fear",
    "everything is broken tonight",
    "we are crying at the grave",
    "너를 잃어서 너무 슬퍼",
    "아픔과 절망으로 가득한 어두운 날",
    "미워 외로워 눈물이 나",
    "차가운 어둠 속에 홀로 울어",
)
