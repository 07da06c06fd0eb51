"""Verses in the public domain for tests, typed from memory: words may differ from an edition."""

from __future__ import annotations

VERSES = {
    "sonnet18": """\
Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date:
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade
Nor lose possession of that fair thou owest;
Nor shall Death brag thou wander'st in his shade,
When in eternal lines to time thou growest:
So long as men can breathe or eyes can see,
So long lives this and this gives life to thee.
""",  # William Shakespeare, Sonnet 18
    "daffodils": """\
I wandered lonely as a cloud
That floats on high o'er vales and hills,
When all at once I saw a crowd,
A host, of golden daffodils;
Beside the lake, beneath the trees,
Fluttering and dancing in the breeze.

Continuous as the stars that shine
And twinkle on the milky way,
They stretched in never-ending line
Along the margin of a bay:
Ten thousand saw I at a glance,
Tossing their heads in sprightly dance.

The waves beside them danced; but they
Out-did the sparkling waves in glee:
A poet could not but be gay,
In such a jocund company:
I gazed and gazed but little thought
What wealth the show to me had brought:

For oft, when on my couch I lie
In vacant or in pensive mood,
They flash upon that inward eye
Which is the bliss of solitude;
And then my heart with pleasure fills,
And dances with the daffodils.
""",  # William Wordsworth, I wandered lonely as a cloud
    "woods": """\
Whose woods these are I think I know.
His house is in the village though;
He will not see me stopping here
To watch his woods fill up with snow.

My little horse must think it queer
To stop without a farmhouse near
Between the woods and frozen lake
The darkest evening of the year.

He gives his harness bells a shake
To ask if there is some mistake.
The only other sound's the sweep
Of easy wind and downy flake.

The woods are lovely, dark and deep,
But I have promises to keep,
And miles to go before I sleep,
And miles to go before I sleep.
""",  # Robert Frost, Stopping by Woods on a Snowy Evening (1923)
    "road": """\
Two roads diverged in a yellow wood,
And sorry I could not travel both
And be one traveler, long I stood
And looked down one as far as I could
To where it bent in the undergrowth;

Then took the other, as just as fair,
And having perhaps the better claim,
Because it was grassy and wanted wear;
Though as for that the passing there
Had worn them really about the same,

And both that morning equally lay
In leaves no step had trodden black.
Oh, I kept the first for another day!
Yet knowing how way leads on to way,
I doubted if I should ever come back.

I shall be telling this with a sigh
Somewhere ages and ages hence:
Two roads diverged in a wood, and I-
I took the one less traveled by,
And that has made all the difference.
""",  # Robert Frost, The Road Not Taken (1916)
    "tyger": """\
Tyger Tyger, burning bright,
In the forests of the night;
What immortal hand or eye,
Could frame thy fearful symmetry?

In what distant deeps or skies
Burnt the fire of thine eyes?
On what wings dare he aspire?
What the hand, dare seize the fire?

And what shoulder, and what art,
Could twist the sinews of thy heart?
And when thy heart began to beat,
What dread hand? and what dread feet?

What the hammer? what the chain,
In what furnace was thy brain?
What the anvil? what dread grasp,
Dare its deadly terrors clasp!

When the stars threw down their spears
And water'd heaven with their tears:
Did he smile his work to see?
Did he who made the Lamb make thee?

Tyger Tyger burning bright,
In the forests of the night:
What immortal hand or eye,
Dare frame thy fearful symmetry?
""",  # William Blake, The Tyger
    "annabel": """\
It was many and many a year ago,
In a kingdom by the sea,
That a maiden there lived whom you may know
By the name of Annabel Lee;
And this maiden she lived with no other thought
Than to love and be loved by me.

I was a child and she was a child,
In this kingdom by the sea,
But we loved with a love that was more than love,
I and my Annabel Lee;
With a love that the winged seraphs of heaven
Coveted her and me.

And this was the reason that, long ago,
In this kingdom by the sea,
A wind blew out of a cloud, chilling
My beautiful Annabel Lee;
So that her highborn kinsmen came
And bore her away from me,
To shut her up in a sepulchre
In this kingdom by the sea.

The angels, not half so happy in heaven,
Went envying her and me;
Yes! that was the reason, as all men know,
In this kingdom by the sea,
That the wind came out of the cloud by night,
Chilling and killing my Annabel Lee.
""",  # Edgar Allan Poe, Annabel Lee
    "azalea": """\
나 보기가 역겨워
가실 때에는
말없이 고이 보내 드리우리다

영변에 약산
진달래꽃
아름 따다 가실 길에 뿌리우리다

가시는 걸음 걸음
놓인 그 꽃을
사뿐히 즈려밟고 가시옵소서

나 보기가 역겨워
가실 때에는
죽어도 아니 눈물 흘리우리다
""",  # 김소월, 진달래꽃
    "silence": """\
님은 갔습니다. 아아, 사랑하는 나의 님은 갔습니다.
푸른 산빛을 깨치고 단풍나무 숲을 향하여 난 작은 길을 걸어서 차마 떨치고 갔습니다.
황금의 꽃같이 굳고 빛나던 옛 맹서는 차디찬 티끌이 되어서 한숨의 미풍에 날아갔습니다.
날카로운 첫 키스의 추억은 나의 운명의 지침을 돌려놓고 뒷걸음쳐서 사라졌습니다.
나는 향기로운 님의 말소리에 귀먹고 꽃다운 님의 얼굴에 눈멀었습니다.
사랑도 사람의 일이라 만날 때에 미리 떠날 것을 염려하고 경계하지 아니한 것은 아니지만,
이별은 뜻밖의 일이 되고 놀란 가슴은 새로운 슬픔에 터집니다.
그러나 이별을 쓸데없는 눈물의 원천을 만들고 마는 것은 스스로 사랑을 깨치는 것인 줄 아는 까닭에
걷잡을 수 없는 슬픔의 힘을 옮겨서 새 희망의 정수박이에 들어부었습니다.
우리는 만날 때에 떠날 것을 염려하는 것과 같이 떠날 때에 다시 만날 것을 믿습니다.
아아, 님은 갔지마는 나는 님을 보내지 아니하였습니다.
제 곡조를 못 이기는 사랑의 노래는 님의 침묵을 휩싸고 돕니다.
""",  # 한용운, 님의 침묵
    "wild": """\
까마득한 날에
하늘이 처음 열리고
어디 닭 우는 소리 들렸으랴

모든 산맥들이
바다를 연모해 휘달릴 때도
차마 이곳을 범하던 못하였으리라

끊임없는 광음을
부지런한 계절이 피어선 지고
큰 강물이 비로소 길을 열었다

지금 눈 내리고
매화 향기 홀로 아득하니
내 여기 가난한 노래의 씨를 뿌려라

다시 천고의 뒤에
백마 타고 오는 초인이 있어
이 광야에서 목놓아 부르게 하리라
""",  # 이육사, 광야
    "grapes": """\
내 고장 칠월은
청포도가 익어 가는 시절

이 마을 전설이 주저리주저리 열리고
먼 데 하늘이 꿈꾸며 알알이 들어와 박혀

하늘 밑 푸른 바다가 가슴을 열고
흰 돛단배가 곱게 밀려서 오면

내가 바라는 손님은 고달픈 몸으로
청포를 입고 찾아온다고 했으니

내 그를 맞아 이 포도를 따 먹으면
두 손은 함뿍 적셔도 좋으련

아이야 우리 식탁엔 은쟁반에
하이얀 모시 수건을 마련해 두렴
""",  # 이육사, 청포도
    "star": """\
계절이 지나가는 하늘에는
가을로 가득 차 있습니다.

나는 아무 걱정도 없이
가을 속의 별들을 다 헤일 듯합니다.

가슴 속에 하나 둘 새겨지는 별을
이제 다 못 헤는 것은
쉬이 아침이 오는 까닭이요,
내일 밤이 남은 까닭이요,
아직 나의 청춘이 다하지 않은 까닭입니다.

별 하나에 추억과
별 하나에 사랑과
별 하나에 쓸쓸함과
별 하나에 동경과
별 하나에 시와
별 하나에 어머니, 어머니,

어머님, 나는 별 하나에 아름다운 말 한마디씩 불러 봅니다.
나는 무엇인지 그리워
이 많은 별빛이 내린 언덕 위에
내 이름자를 써 보고,
흙으로 덮어 버리었습니다.

딴은 밤을 새워 우는 벌레는
부끄러운 이름을 슬퍼하는 까닭입니다.

그러나 겨울이 지나고 나의 별에도 봄이 오면
무덤 위에 파란 잔디가 피어나듯이
내 이름자 묻힌 언덕 위에도
자랑처럼 풀이 무성할 게외다.
""",  # 윤동주, 별 헤는 밤
    "later": """\
먼 훗날 당신이 찾으시면
그때에 내 말이 잊었노라
당신이 속으로 나무라면
무척 그리다가 잊었노라
그래도 당신이 나무라면
믿기지 않아서 잊었노라
오늘도 어제도 아니 잊고
먼 훗날 그때에 잊었노라
""",  # 김소월, 먼 후일
}

OTHERS = {  # not looked at when thresholds were set
    "hope": """\
Hope is the thing with feathers
That perches in the soul,
And sings the tune without the words,
And never stops at all,

And sweetest in the gale is heard;
And sore must be the storm
That could abash the little bird
That kept so many warm.

I've heard it in the chillest land,
And on the strangest sea;
Yet, never, in extremity,
It asked a crumb of me.
""",  # Emily Dickinson, Hope is the thing with feathers
    "death": """\
Because I could not stop for Death,
He kindly stopped for me;
The carriage held but just ourselves
And Immortality.

We slowly drove, he knew no haste,
And I had put away
My labor, and my leisure too,
For his civility.

We passed the school, where children strove
At recess, in the ring;
We passed the fields of gazing grain,
We passed the setting sun.

We paused before a house that seemed
A swelling of the ground;
The roof was scarcely visible,
The cornice but a mound.

Since then 'tis centuries, and yet each
Feels shorter than the day
I first surmised the horses' heads
Were toward eternity.
""",  # Emily Dickinson, Because I could not stop for Death
    "invictus": """\
Out of the night that covers me,
Black as the pit from pole to pole,
I thank whatever gods may be
For my unconquerable soul.

In the fell clutch of circumstance
I have not winced nor cried aloud.
Under the bludgeonings of chance
My head is bloody, but unbowed.

Beyond this place of wrath and tears
Looms but the Horror of the shade,
And yet the menace of the years
Finds and shall find me unafraid.

It matters not how strait the gate,
How charged with punishments the scroll,
I am the master of my fate,
I am the captain of my soul.
""",  # William Ernest Henley, Invictus
    "ozymandias": """\
I met a traveller from an antique land,
Who said: Two vast and trunkless legs of stone
Stand in the desert. Near them, on the sand,
Half sunk a shattered visage lies, whose frown,
And wrinkled lip, and sneer of cold command,
Tell that its sculptor well those passions read
Which yet survive, stamped on these lifeless things,
The hand that mocked them, and the heart that fed;
And on the pedestal, these words appear:
My name is Ozymandias, King of Kings;
Look on my Works, ye Mighty, and despair!
Nothing beside remains. Round the decay
Of that colossal Wreck, boundless and bare
The lone and level sands stretch far away.
""",  # Percy Bysshe Shelley, Ozymandias
    "old": """\
When you are old and grey and full of sleep,
And nodding by the fire, take down this book,
And slowly read, and dream of the soft look
Your eyes had once, and of their shadows deep;

How many loved your moments of glad grace,
And loved your beauty with love false or true,
But one man loved the pilgrim soul in you,
And loved the sorrows of your changing face;

And bending down beside the glowing bars,
Murmur, a little sadly, how Love fled
And paced upon the mountains overhead
And hid his face amid a crowd of stars.
""",  # W. B. Yeats, When You Are Old
    "grace": """\
Amazing grace! how sweet the sound
That saved a wretch like me!
I once was lost, but now am found,
Was blind, but now I see.

'Twas grace that taught my heart to fear,
And grace my fears relieved;
How precious did that grace appear
The hour I first believed!

Through many dangers, toils and snares,
I have already come;
'Tis grace hath brought me safe thus far,
And grace will lead me home.

The Lord has promised good to me,
His word my hope secures;
He will my shield and portion be
As long as life endures.
""",  # John Newton, Amazing Grace
    "calling": """\
산산이 부서진 이름이여
허공 중에 헤어진 이름이여
불러도 주인 없는 이름이여
부르다가 내가 죽을 이름이여

심중에 남아 있는 말 한마디는
끝끝내 마저 하지 못하였구나
사랑하던 그 사람이여
사랑하던 그 사람이여

붉은 해는 서산 마루에 걸리었다
사슴의 무리도 슬피 운다
떨어져 나가 앉은 산 위에서
나는 그대의 이름을 부르노라

설움에 겹도록 부르노라
설움에 겹도록 부르노라
부르는 소리는 비껴가지만
하늘과 땅 사이가 너무 넓구나

선 채로 이 자리에 돌이 되어도
부르다가 내가 죽을 이름이여
사랑하던 그 사람이여
사랑하던 그 사람이여
""",  # 김소월, 초혼
    "ferry": """\
나는 나룻배
당신은 행인
당신은 흙발로 나를 짓밟습니다
나는 당신을 안고 물을 건너갑니다
나는 당신을 안으면 깊으나 옅으나 급한 여울이나 건너갑니다

만일 당신이 아니 오시면 나는 바람을 쐬고 눈비를 맞으며 밤에서 낮까지 당신을 기다리고 있습니다
당신은 물만 건너면 나를 돌아보지도 않고 가십니다그려
그러나 당신이 언제든지 오실 줄만은 알아요
나는 당신을 기다리면서 날마다 날마다 낡아 갑니다
""",  # 한용운, 나룻배와 행인
    "easily": """\
창밖에 밤비가 속살거려
육첩방은 남의 나라

시인이란 슬픈 천명인 줄 알면서도
한 줄 시를 적어 볼까

땀내와 사랑내 포근히 품긴
보내 주신 학비 봉투를 받아

대학 노트를 끼고
늙은 교수의 강의 들으러 간다

생각해 보면 어린 때 동무를
하나 둘 죄다 잃어버리고

나는 무얼 바라
나는 다만 홀로 침전하는 것일까

인생은 살기 어렵다는데
시가 이렇게 쉽게 씌어지는 것은
부끄러운 일이다

육첩방은 남의 나라
창밖에 밤비가 속살거리는데

등불을 밝혀 어둠을 조금 내몰고
시대처럼 올 아침을 기다리는 최후의 나

나는 나에게 작은 손을 내밀어
눈물과 위안으로 잡는 최초의 악수
""",  # 윤동주, 쉽게 씌어진 시
    "portrait": """\
산모퉁이를 돌아 논가 외딴 우물을 홀로 찾아가선
가만히 들여다봅니다

우물 속에는 달이 밝고 구름이 흐르고
하늘이 펼치고 파아란 바람이 불고 가을이 있습니다

그리고 한 사나이가 있습니다
어쩐지 그 사나이가 미워져 돌아갑니다

돌아가다 생각하니 그 사나이가 가엾어집니다
도로 가 들여다보니 사나이는 그대로 있습니다

다시 그 사나이가 미워져 돌아갑니다
돌아가다 생각하니 그 사나이가 그리워집니다

우물 속에는 달이 밝고 구름이 흐르고
하늘이 펼치고 파아란 바람이 불고 가을이 있고
추억처럼 사나이가 있습니다
""",  # 윤동주, 자화상
}
