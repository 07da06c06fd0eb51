"""Use cases, one function per button: fetch, decide, store, return. Pages and the command line call only these.

Everything that reads private things or changes anything takes an `accounts.Actor` first and checks it. Long work is a
job (`submit_...` returns a `JobView`; poll it with `get_job`). All errors are `support.errors.AppError`.
"""

from __future__ import annotations

import logging
import threading

import config
import db
from accounts import ACTS, GUEST, LOCAL_ADMINISTRATOR, ROLES, Actor, may
from analytics import CLASSES, LEVELS, PLAIN, STAGE_BOUNDS, STAGES, next_target
from data_processing import CATALOGUE_COLUMNS
from growth.stages import CLASS_BOUNDS, MIN_ARTISTS, MIN_OTHERS
from music.wish import BPM as BGM_BPM
from music.wish import CURVES as BGM_CURVES
from music.wish import LOCKS as BGM_LOCKS
from music.wish import LOUDNESS as BGM_LOUDNESS
from music.wish import METERS_ASKED as BGM_METERS
from music.wish import MODES as BGM_MODES
from music.wish import MOST_CHOSEN as BGM_MOST_CHOSEN
from music.wish import MOST_VARIANTS as BGM_MOST_VARIANTS
from music.wish import SECONDS as BGM_SECONDS
from music.wish import TEMPOS as BGM_TEMPOS
from music.wish import Feel as BgmFeel
from music.wish import Wish as BgmWish
from playlisting.selection import ADVANCED_COUNTS, ARCS, Controls, Reason
from providers.youtube import search_link
from recommender import Wish
from support.errors import AppError
from usecases import jobs
from usecases.administration import (
    audit_actions,
    audit_trail,
    create_admin,
    disable_member,
    enable_member,
    list_members,
    set_password,
    set_role,
)
from usecases.alerts import (
    LIMITS,
    SUGGESTED,
    add_rule,
    delete_rule,
    deliver,
    evaluate,
    list_events,
    list_rules,
    mark_seen,
    sentence,
    unseen_alerts,
)
from usecases.analysis import (
    ArtistAnalysis,
    Peer,
    Standings,
    artist_analysis,
    forecast_table,
    milestone,
    peers,
    portfolio_table,
    scenarios,
    standings,
)
from usecases.analysis_figures import (
    TILES,
    absence_text,
    analysis_figure,
    anomaly_text,
    chance_text,
    lead_text,
    milestone_text,
    pairs_with_lags,
    tile,
    tile_text,
)
from usecases.analysis_results import AlertEvent, AlertRule, AnalyseReport, Outlook
from usecases.audition_batches import BatchEstimate, estimate_batch
from usecases.audition_report import (
    MOST_EXPORTED,
    MOST_REPORTED,
    Difference,
    JudgeMark,
    audition_figure,
    audition_html,
    audition_json,
    audition_judges,
    audition_table,
    compare_auditions,
    comparison_figure,
    differing_terms,
)
from usecases.audition_results import AuditionRow, AuditionView, BatchView, JudgeView, PanelView
from usecases.auditions import (
    cancel_audition,
    delete_audition,
    get_audition,
    interrupt_auditions,
    list_auditions,
    list_batches,
    panels,
    resume_batch,
    retry_judge,
    start_audition,
    start_batch,
)
from usecases.backup import Backup, backup, restore
from usecases.bgm import (
    attach_bgm,
    bgm_caption,
    bgm_terms,
    cancel_bgm,
    delete_bgm,
    edit_bgm,
    get_bgm,
    get_bgm_track,
    interrupt_bgm,
    list_bgm,
    rate_bgm,
    read_bgm_caption,
    rename_bgm,
    restore_bgm,
    retry_bgm,
    settle_bgm,
    submit_bgm,
)
from usecases.bgm_files import bgm_file, write_bgm
from usecases.bgm_makers import bgm_makers
from usecases.bgm_results import BgmBatch, BgmTrack
from usecases.bgm_results import Maker as BgmMaker
from usecases.bgm_results import Settled as BgmSettled
from usecases.bgm_text import (
    BGM_LANGS,
    BGM_MOST_SCENES,
    BgmEdits,
    BgmReading,
    bgm_langs_of,
    bgm_scenes,
    bgm_wish_of,
    bgm_writers,
    edit_bgm_reading,
    read_bgm_text,
    write_bgm_caption,
)
from usecases.catalogue import (
    CATALOGUE_SORTS,
    catalogue_counts,
    catalogue_entry,
    catalogue_page,
    catalogue_table,
    catalogue_version,
    edit_tags,
    genre_names,
    recent_imports,
    resume_import,
    submit_import,
    submit_starter,
    tag_categories,
    tag_label,
)
from usecases.catalogue_import import import_catalogue
from usecases.catalogue_results import (
    CatalogueCounts,
    CatalogueEntry,
    CataloguePage,
    CatalogueRefusal,
    ImportReport,
)
from usecases.community import (
    MOST_BODY,
    MOST_TITLE,
    add_post,
    attachable,
    card_media,
    delete_post,
    edit_post,
    get_post,
    list_posts,
    posts_table,
    restore_post,
)
from usecases.community_cards import CARD_KINDS, own_things
from usecases.community_comments import (
    MOST_COMMENT,
    add_comment,
    delete_comment,
    edit_comment,
    list_comments,
    restore_comment,
)
from usecases.community_likes import like, liked, likes
from usecases.community_reports import (
    MOST_NOTE,
    MOST_REASON,
    REPORT_REASONS,
    open_reports,
    removed_things,
    report,
    reports,
    resolve_report,
    restore_removed,
)
from usecases.community_results import (
    Card,
    CardMedia,
    Comment,
    CommentPage,
    Likes,
    Post,
    PostPage,
    PostRow,
    Reported,
    ReportPage,
)
from usecases.doctor import Check, doctor, finding
from usecases.dossier import attach_prediction, attach_thumbnail, get_dossier, list_dossier_songs, new_dossier_song
from usecases.dossier_export import dossier_html, dossier_zip
from usecases.dossier_results import (
    Dossier,
    DossierGrowth,
    DossierPrediction,
    DossierShare,
    DossierSong,
    DossierTrack,
    Found,
    FoundGroup,
)
from usecases.dossier_shares import (
    dossier_audio,
    dossier_by_link,
    dossier_picture,
    list_dossier_shares,
    revoke_dossier_share,
    share_dossier,
)
from usecases.files import (
    accept_level,
    list_files,
    recent_runs,
    rejected_rows,
    restore_files,
    save_uploads,
    set_file_options,
    submit_sync,
    withdraw_level,
)
from usecases.growth import (
    artist_data,
    artist_growth,
    data_status,
    data_version,
    delete_artist,
    list_artists,
    preview_delete,
)
from usecases.hit_batches import (
    cancel_prediction_batch,
    delete_prediction_batch,
    list_prediction_batches,
    predict_folder,
    resume_prediction_batch,
    submit_prediction_batch,
)
from usecases.hit_models import hit_models
from usecases.hit_report import prediction_html
from usecases.hit_results import (
    GENRES as HIT_GENRES,
)
from usecases.hit_results import (
    HitModel,
    HitTraining,
    Near,
    PartView,
    PredictionBatch,
    PredictionPage,
    PredictionRow,
    PredictionView,
)
from usecases.hit_run import STEPS as HIT_STEPS
from usecases.hit_training import submit_hit_training, train_hit, training_report
from usecases.hits import (
    LARGEST_AUDIO_MB,
    LONGEST_AUDIO_MIN,
    cancel_prediction,
    delete_prediction,
    get_prediction,
    interrupt_predictions,
    leaderboard,
    like_prediction,
    link_prediction,
    list_predictions,
    nearest_predictions,
    prediction_audio,
    prediction_by_link,
    prediction_picture,
    predictions_table,
    publish_prediction,
    reference_predictions,
    retry_prediction,
    set_prediction_prior,
    start_prediction,
)
from usecases.home import capabilities, demo_song, home
from usecases.jobs import active_job, cancel_job, get_job, latest_job
from usecases.leaving import delete_account, tidy_accounts
from usecases.listening import known_videos, listen, quota
from usecases.member_results import AuditPage, AuditRow, Member, MemberPage, Opened, Place, SignedUp, SignIn
from usecases.members import (
    change_bio,
    change_nickname,
    change_password,
    confirm_email_change,
    my_account,
    request_email_change,
    request_reset,
    resend_code,
    reset_password,
    sign_up,
    verify_email,
)
from usecases.mood_search import COUNTS, MOST_GENRES, MoodSongs, SongHit, find_songs
from usecases.my_data import (
    MyData,
    cancel_my_data,
    keep_my_data_swept,
    my_data,
    my_data_by_ticket,
    my_data_file,
    my_data_ticket,
    submit_my_data,
)
from usecases.my_page import KINDS as MY_KINDS
from usecases.my_page import Mine, MyShelf, MyThing, my_overview, my_picture, my_things
from usecases.news import News, NewsGroup, NewsThing, news
from usecases.operation import Status, metrics_text, status, status_text
from usecases.outlook import FAR_DAYS, analyse
from usecases.picture_export import hashtag, picture_card, song_m3u8, song_table, song_text, why_lines
from usecases.picture_results import ImageTag, Listen, PictureSearch, PictureView, Recommendation
from usecases.picture_sharing import (
    REASONS,
    delete_picture,
    link_picture,
    remove_picture,
    report_picture,
    settle_reports,
    share_picture,
    unshare_picture,
)
from usecases.pictures import (
    MOST_WORDS,
    STEPS,
    archive,
    archive_tags,
    get_picture,
    jobs_ahead,
    list_pictures,
    picture_by_link,
    picture_jpeg,
    picture_mood,
    picture_songs,
    submit_picture,
    taggers,
    weigh_tags,
)
from usecases.pipeline import PipelineState, pipeline
from usecases.playlist_import import MelonReport, import_melon
from usecases.playlist_library import (
    embed_titles,
    import_starter_playlists,
    model_facts,
    playlist_counts,
    submit_starter_playlists,
)
from usecases.playlist_maker import (
    HASHTAGS,
    MOST_CHOSEN,
    draft_of,
    make_playlist,
    playlist_tags,
    replace_song,
    similar_playlists,
)
from usecases.playlist_results import (
    Ask,
    Draft,
    DraftSong,
    PlaylistView,
    SimilarPlaylist,
    SimilarPlaylists,
)
from usecases.playlist_saved import (
    EXPORTS,
    delete_playlist,
    export_playlist,
    get_playlist,
    like_playlist,
    link_playlist,
    list_playlists,
    playlist_by_link,
    save_playlist,
)
from usecases.playlist_training import TrainingReport, submit_training, train_playlists
from usecases.remote import recommend_remotely, run_remotely, submit_remote, submit_remote_songs, upload_remotely
from usecases.report import artist_report
from usecases.results import (
    ArtistChange,
    ArtistData,
    ArtistGrowth,
    ArtistSummary,
    Capability,
    DataStatus,
    DeletePreview,
    DemoSong,
    FileOutcome,
    FileRecord,
    HomeSummary,
    JobView,
    Riser,
    RunSummary,
    SongSummary,
    SyncReport,
    UploadOutcome,
)
from usecases.search import search_everything
from usecases.sign_in import (
    actor_by_token,
    end_sign_in,
    list_sign_ins,
    lock_operator,
    oidc_actor,
    open_anonymous,
    sign_in,
    sign_out,
    sign_out_everywhere,
    unlock_operator,
    visit,
)
from usecases.song_results import RefreshReport, SavedLyrics, Song, SongPage, SongRow
from usecases.songs import (
    add_song,
    add_songs,
    delete_song,
    get_song,
    list_songs,
    refused_songs,
    song_info,
    submit_refresh,
)
from usecases.sync import sync
from usecases.thumbnails import (
    BY_CODE,
    VARIANTS,
    PainterView,
    ThumbnailView,
    choose_thumbnail,
    delete_thumbnail,
    get_thumbnails,
    keep_thumbnails,
    list_painters,
    list_thumbnails,
    painting_prompt,
    playlist_card,
    submit_painting,
    submit_thumbnails,
    thumbnail_bytes,
)
from usecases.who import who

log = logging.getLogger(__name__)
_starting = threading.Lock()
_started = False

__all__ = [
    "ACTS", "ADVANCED_COUNTS", "ARCS", "Actor", "AlertEvent", "AlertRule", "AnalyseReport", "ArtistAnalysis",
    "ArtistChange", "ArtistData", "ArtistGrowth", "ArtistSummary", "Ask", "AuditPage", "AuditRow", "AuditionRow",
    "AuditionView", "BGM_BPM", "BGM_CURVES", "BGM_LANGS", "BGM_LOCKS", "BGM_LOUDNESS", "BGM_METERS", "BGM_MODES",
    "BGM_MOST_CHOSEN", "BGM_MOST_SCENES", "BGM_MOST_VARIANTS", "BGM_SECONDS", "BGM_TEMPOS", "BY_CODE", "Backup",
    "BatchEstimate", "BatchView", "BgmBatch", "BgmEdits", "BgmFeel", "BgmMaker", "BgmReading", "BgmSettled", "BgmTrack",
    "BgmWish", "CARD_KINDS", "CATALOGUE_COLUMNS",
    "CATALOGUE_SORTS", "CLASSES", "CLASS_BOUNDS", "COUNTS", "Capability", "Card", "CardMedia", "CatalogueCounts",
    "CatalogueEntry", "CataloguePage", "CatalogueRefusal", "Check", "Comment", "CommentPage", "Controls", "DataStatus",
    "DeletePreview", "DemoSong", "Difference", "Dossier", "DossierGrowth", "DossierPrediction", "DossierShare",
    "DossierSong", "DossierTrack", "Draft", "DraftSong", "EXPORTS", "FAR_DAYS", "FileOutcome", "FileRecord", "Found",
    "FoundGroup", "GUEST", "HASHTAGS", "HIT_GENRES", "HIT_STEPS", "HitModel", "HitTraining", "HomeSummary", "ImageTag",
    "ImportReport", "JobView", "JudgeMark", "JudgeView", "LARGEST_AUDIO_MB", "LEVELS", "LIMITS", "LONGEST_AUDIO_MIN",
    "Likes", "Listen", "MIN_ARTISTS", "MIN_OTHERS", "MOST_BODY", "MOST_CHOSEN", "MOST_COMMENT", "MOST_EXPORTED",
    "MOST_GENRES", "MOST_NOTE", "MOST_REASON", "MOST_REPORTED", "MOST_TITLE", "MOST_WORDS", "MY_KINDS", "MelonReport",
    "Member", "MemberPage", "Mine", "MoodSongs", "MyData", "MyShelf", "MyThing", "Near", "News", "NewsGroup",
    "NewsThing", "Opened", "Outlook", "PLAIN", "PainterView", "PanelView", "PartView", "Peer", "PictureSearch",
    "PictureView", "PipelineState", "Place", "PlaylistView", "Post", "PostPage", "PostRow", "PredictionBatch",
    "PredictionPage", "PredictionRow", "PredictionView", "REASONS", "REPORT_REASONS", "ROLES", "Reason",
    "Recommendation", "RefreshReport", "ReportPage", "Reported", "Riser", "RunSummary", "STAGES", "STAGE_BOUNDS",
    "STEPS", "SUGGESTED", "SavedLyrics", "SignIn", "SignedUp", "SimilarPlaylist", "SimilarPlaylists", "Song", "SongHit",
    "SongPage", "SongRow", "SongSummary", "Standings", "Status", "SyncReport", "TILES", "ThumbnailView",
    "TrainingReport", "UploadOutcome", "VARIANTS", "Wish", "absence_text", "accept_level", "active_job",
    "actor_by_token", "add_comment", "add_post", "add_rule", "add_song", "add_songs", "analyse", "analysis_figure",
    "anomaly_text", "archive", "archive_tags", "artist_analysis", "artist_data", "artist_growth", "artist_report",
    "attach_bgm", "attach_prediction", "attach_thumbnail", "attachable", "audit_actions", "audit_trail",
    "audition_figure", "audition_html", "audition_json", "audition_judges", "audition_table", "backup", "bgm_caption",
    "bgm_file", "bgm_langs_of", "bgm_makers", "bgm_scenes", "bgm_terms", "bgm_wish_of", "bgm_writers",
    "cancel_audition", "cancel_bgm", "cancel_job", "cancel_my_data", "cancel_prediction", "cancel_prediction_batch",
    "capabilities", "card_media", "catalogue_counts", "catalogue_entry", "catalogue_page", "catalogue_table",
    "catalogue_version", "chance_text", "change_bio", "change_nickname", "change_password", "choose_thumbnail",
    "compare_auditions", "comparison_figure", "confirm_email_change", "create_admin", "current_actor", "data_status",
    "data_version", "delete_account", "delete_artist", "delete_audition", "delete_bgm", "delete_comment",
    "delete_picture", "delete_playlist", "delete_post", "delete_prediction", "delete_prediction_batch", "delete_rule",
    "delete_song", "delete_thumbnail", "deliver", "demo_song", "differing_terms", "disable_member", "doctor",
    "dossier_audio", "dossier_by_link", "dossier_html", "dossier_picture", "dossier_zip", "draft_of", "edit_bgm",
    "edit_bgm_reading",
    "edit_comment", "edit_post", "edit_tags", "embed_titles", "enable_member", "end_sign_in", "estimate_batch",
    "evaluate", "export_playlist", "find_songs", "finding", "forecast_table", "genre_names", "get_audition", "get_bgm",
    "get_bgm_track", "get_dossier", "get_job", "get_picture", "get_playlist", "get_post", "get_prediction", "get_song",
    "get_thumbnails", "hashtag", "hit_models", "home", "import_catalogue", "import_melon", "import_starter_playlists",
    "jobs_ahead", "keep_thumbnails", "known_videos", "latest_job", "lead_text", "leaderboard", "like", "like_playlist",
    "like_prediction", "liked", "likes", "link_picture", "link_playlist", "link_prediction", "list_artists",
    "list_auditions", "list_batches", "list_bgm", "list_comments", "list_dossier_shares", "list_dossier_songs",
    "list_events", "list_files", "list_members", "list_painters", "list_pictures", "list_playlists", "list_posts",
    "list_prediction_batches", "list_predictions", "list_rules", "list_sign_ins", "list_songs", "list_thumbnails",
    "listen", "lock_operator", "make_playlist", "mark_seen", "may", "metrics_text", "milestone", "milestone_text",
    "model_facts", "my_account", "my_data", "my_data_by_ticket", "my_data_file", "my_data_ticket", "my_overview",
    "my_picture", "my_things", "nearest_predictions", "new_dossier_song", "news", "next_target", "oidc_actor",
    "open_anonymous", "open_reports",
    "own_things", "painting_prompt", "pairs_with_lags", "panels", "peers", "picture_by_link", "picture_card",
    "picture_jpeg", "picture_mood", "picture_songs", "pipeline", "playlist_by_link", "playlist_card", "playlist_counts",
    "playlist_tags", "portfolio_table", "posts_table", "predict_folder", "prediction_audio", "prediction_by_link",
    "prediction_html", "prediction_picture", "predictions_table", "preview_delete", "publish_prediction", "quota",
    "rate_bgm", "read_bgm_caption", "read_bgm_text", "ready", "recent_imports", "recent_runs", "recommend_remotely",
    "reference_predictions", "refused_songs", "rejected_rows", "remove_picture", "removed_things", "rename_bgm",
    "replace_song", "report", "report_picture", "reports", "request_email_change", "request_reset", "resend_code",
    "reset_password", "resolve_report", "restore", "restore_bgm", "restore_comment", "restore_files", "restore_post",
    "restore_removed", "resume_batch", "resume_import", "resume_prediction_batch", "retry_bgm", "retry_judge",
    "retry_prediction", "revoke_dossier_share", "run_remotely", "save_playlist", "save_uploads", "scenarios",
    "search_everything", "search_link", "secrets", "sentence", "set_file_options", "set_password",
    "set_prediction_prior", "set_role", "settings", "settle_bgm", "settle_reports", "share_dossier", "share_picture",
    "sign_in", "sign_out", "sign_out_everywhere", "sign_up", "similar_playlists", "song_info", "song_m3u8",
    "song_table", "song_text", "standings", "start", "start_audition", "start_batch", "start_prediction", "started",
    "status", "status_text", "stop", "submit_bgm", "submit_hit_training", "submit_import", "submit_my_data",
    "submit_painting", "submit_picture", "submit_prediction_batch", "submit_refresh", "submit_remote",
    "submit_remote_songs", "submit_starter", "submit_starter_playlists", "submit_sync", "submit_thumbnails",
    "submit_training", "sync", "tag_categories", "tag_label", "taggers", "thumbnail_bytes", "tidy_accounts", "tile",
    "tile_text", "train_hit", "train_playlists", "training_report", "unlock_operator", "unseen_alerts",
    "unshare_picture", "upload_remotely", "verify_email", "visit", "weigh_tags", "who", "why_lines", "withdraw_level",
    "write_bgm", "write_bgm_caption",
]


def start(*, sample: bool = True) -> None:
    """Bring up database and schema; on the very first start, sync the folder as it came (the sample).

    The starter catalogue and playlists are imported whenever those that came with the product are not in the database
    yet.

    Safe to call at every script run and from several threads.

    Parameters
    ----------
    sample : bool
        Whether to bring in the sample and the starter catalogue; the command line, which is told what to read, does
        not.

    Raises
    ------
    AppError
        If a setting cannot be used.
    DatabaseUnavailable
    """
    global _started
    if _started:
        return
    with _starting:
        if _started:
            return
        _check_settings()
        first = db.revision() is None
        db.init_db()
        interrupted = (jobs.interrupt_dead() + interrupt_auditions() + interrupt_predictions() + interrupt_bgm())
        if interrupted:
            log.warning("%s job(s) and audition(s) of a stopped process marked as interrupted", interrupted)
        if first and sample and config.load().cmdata_dir.is_dir():
            submit_sync(LOCAL_ADMINISTRATOR)
        if sample:
            submit_starter(LOCAL_ADMINISTRATOR)
            submit_starter_playlists(LOCAL_ADMINISTRATOR)
        keep_my_data_swept()
        tidy_accounts()
        _started = True


def started() -> bool:
    """Return whether `start` has done its work."""
    return _started


def _check_settings() -> None:
    try:
        config.load()
    except config.SettingsError as error:
        raise AppError("config_value", name=error.name, value=error.value, accepted=error.accepted) from error


def stop(*, for_good: bool = False, wait_s: float = 10.0) -> int:
    """Stop this process's jobs, close all connections, let go of the built-in server.

    Parameters
    ----------
    for_good : bool
        The process ends: the database is not opened again, whatever still runs.
    wait_s : float
        Seconds the jobs get to end in; they are stored as interrupted either way.

    Returns
    -------
    int
        Jobs that had not ended by then.
    """
    global _started
    with _starting:
        left = jobs.close(wait_s)
        db.stop(for_good=for_good)
        _started = False
        return left


def ready() -> tuple[bool, str]:
    """Return whether the database answers and is migrated, and what is wrong if not."""
    return db.ready()


def settings() -> config.Settings:
    """Return the settings."""
    return config.load()


def secrets() -> frozenset[str]:
    """Return every value that must never be written down."""
    return config.secrets()


def current_actor() -> Actor:
    """Return who acts: with ``AUTH=off`` the local administrator."""
    return LOCAL_ADMINISTRATOR
