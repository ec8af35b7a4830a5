"""Sentences of the sign-in screen, and of links that open nothing, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class AccessTexts:
    """One language's sentences; `{}` fields are filled with `str.format`."""

    sign_in_title: str
    sign_in_hint: str
    sign_in: str
    sign_out: str
    account: str
    editor: str
    viewer: str
    viewer_hint: str
    refused_title: str
    unknown: str
    unverified: str
    no_email: str
    again_title: str
    again_hint: str
    link_wrong: str
    link_expired: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = AccessTexts(
    sign_in_title="Sign in to vsearch",
    sign_in_hint="This library is open to invited people only.",
    sign_in="Sign in",
    sign_out="Sign out",
    account="Your account",
    editor="Editor",
    viewer="Viewer",
    viewer_hint="You can search, watch and export. To change things, ask for the editor role.",
    refused_title="No access",
    unknown="{email} has no access to this library. Ask whoever runs it to add you, or use another account.",
    unverified="The sign-in service has not verified {email}. Verify the address there, then sign in again.",
    no_email="The sign-in service did not give an e-mail address, so access cannot be checked.",
    again_title="Please sign in again",
    again_hint="It has been a while since you signed in.",
    link_wrong="This link is not valid. Open the video on its page in vsearch.",
    link_expired="This link has expired. Reload the page in vsearch that it came from.",
)

KOREAN: Final = AccessTexts(
    sign_in_title="vsearch 로그인",
    sign_in_hint="초대받은 사람만 이 보관함을 볼 수 있어요.",
    sign_in="로그인",
    sign_out="로그아웃",
    account="내 계정",
    editor="편집자",
    viewer="보기 전용",
    viewer_hint="검색, 재생, 내보내기를 할 수 있어요. 내용을 바꾸려면 편집자 권한을 요청해 주세요.",
    refused_title="접근 권한 없음",
    unknown="{email} 계정은 이 보관함에 들어올 수 없어요. 관리자에게 추가를 요청하거나 다른 계정을 써 주세요.",
    unverified="로그인 서비스에서 {email} 주소가 아직 확인되지 않았어요. 주소를 확인한 뒤 다시 로그인해 주세요.",
    no_email="로그인 서비스가 이메일 주소를 알려 주지 않아 권한을 확인할 수 없어요.",
    again_title="다시 로그인해 주세요",
    again_hint="로그인한 지 오래됐어요.",
    link_wrong="올바르지 않은 링크예요. vsearch의 영상 페이지에서 열어 주세요.",
    link_expired="링크가 만료됐어요. 링크가 있던 vsearch 페이지를 새로고침해 주세요.",
)

ACCESS: Final[dict[Language, AccessTexts]] = {"ko": KOREAN, "en": ENGLISH}
