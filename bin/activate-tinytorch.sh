# source bin/activate-tinytorch.sh: enter TinyTorch's environment, with your exports active.
# For bash and zsh. Leave with: deactivate-tinytorch

if [ -n "${BASH_SOURCE:-}" ]; then
    _tt_script=${BASH_SOURCE[0]}
elif [ -n "${ZSH_VERSION:-}" ]; then
    eval '_tt_script=${(%):-%x}'
else
    echo "activate-tinytorch: this script is for bash and zsh" >&2
    return 1 2>/dev/null || exit 1
fi
if [ "$_tt_script" = "$0" ] && [ -z "${ZSH_VERSION:-}" ]; then
    echo "activate-tinytorch: type: source $0" >&2
    exit 1
fi
_tt_root=$(cd "$(dirname "$_tt_script")/.." && pwd)

if [ -z "${VIRTUAL_ENV:-}" ] && [ -f "$_tt_root/.venv/bin/activate" ]; then
    . "$_tt_root/.venv/bin/activate"
    _tt_entered=yes
fi

# The workspace is this folder, or the nearest above with modules/source; else the clone.
_tt_space=$PWD
while [ "$_tt_space" != / ] && [ ! -d "$_tt_space/modules/source" ]; do
    _tt_space=$(dirname "$_tt_space")
done
[ -d "$_tt_space/modules/source" ] || _tt_space=$_tt_root
mkdir -p "$_tt_space/.tinytorch/exports" || return 1
export TINYTORCH_EXPORTS="$_tt_space/.tinytorch/exports"

if command -v tito >/dev/null 2>&1; then
    if [ -n "${ZSH_VERSION:-}" ]; then
        command -v compdef >/dev/null 2>&1 && eval "$(tito completion zsh)"
    else
        eval "$(tito completion bash)"
    fi
else
    tito() { python -m tinytorch.tito "$@"; }
    _tt_function=yes
fi

deactivate-tinytorch() {
    unset TINYTORCH_EXPORTS
    [ -z "${_tt_function:-}" ] || unset -f tito
    [ -z "${_tt_entered:-}" ] || deactivate
    unset _tt_script _tt_root _tt_space _tt_entered _tt_function
    unset -f deactivate-tinytorch
}

echo "TinyTorch: your exports in $TINYTORCH_EXPORTS are active. To leave: deactivate-tinytorch"
