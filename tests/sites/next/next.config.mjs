// As create-next-app leaves it, without what calls home.
export default { eslint: { ignoreDuringBuilds: true } };
