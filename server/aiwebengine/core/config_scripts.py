"""The settings of scripts: what they may use."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aiwebengine.core.private_hosts import PrivateHosts


class Scripts(BaseModel):
    """Scripts, and what each of them may use unless an administrator sets other limits for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="Run scripts.")
    max_memory_mb: int = Field(
        1_024,
        ge=64,
        le=1_048_576,
        description="Maximum memory of all scripts of an instance, in MB. Above it, idle scripts"
        " are stopped.",
    )
    max_processes: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Maximum number of script processes per instance. Above it, idle scripts are"
        " stopped.",
    )
    call_timeout_secs: float = Field(
        5, gt=0, le=600, description="Timeout for a script's response, in seconds."
    )
    load_timeout_secs: float = Field(
        10, gt=0, le=600, description="Timeout for loading a script, in seconds."
    )
    heap_mb: int = Field(
        128, ge=16, le=16_384, description="Maximum JavaScript heap of a script process, in MB."
    )
    resident_mb: int = Field(
        300,
        ge=64,
        le=65_536,
        description="Maximum resident memory of a script process, in MB: heap, buffers and code."
        " Must exceed heap_mb.",
    )
    answer_max_bytes: int = Field(
        10_000_000, ge=1_024, le=1_073_741_824, description="Maximum body size of a response."
    )
    idle_secs: float = Field(
        600,
        ge=1,
        le=86_400,
        description="How long a script without requests keeps its process, in seconds.",
    )

    fetch_private_hosts: list[str] = Field(
        [],
        description="Hosts that scripts may send requests to although their addresses are not"
        " public: names, `*.name`, addresses or networks, each optionally with `:port`.",
    )

    @field_validator("fetch_private_hosts")
    @classmethod
    def _private_hosts(cls, lines: list[str]) -> list[str]:
        PrivateHosts(lines)
        return lines

    @model_validator(mode="after")
    def _heap_fits(self) -> Scripts:
        if self.resident_mb <= self.heap_mb:
            raise ValueError(f"resident_mb above heap_mb, which is {self.heap_mb}")
        return self
